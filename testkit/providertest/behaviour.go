package providertest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/testkit/httpscript"
)

// checkCancel makes every call under a context that has ended.
func checkCancel(ctx context.Context, k *kit) []Finding {
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	return k.each(ctx, func(c Case) bool { return !calls()[c.Call].pure }, func(c Case, p play) []string {
		var out []string
		if p.result.err == nil && (len(c.Exchanges) > 0 || p.world.used.Load()) {
			out = append(out, "it succeeded under a cancelled context")
		}
		if n := len(p.world.net.Sent()); n > 0 {
			out = append(out, "it sent a request under a cancelled context")
		}
		return append(out, p.host.strays()...)
	})
}

// checkReadOnly looks at what is sent by the calls that must change nothing.
func checkReadOnly(ctx context.Context, k *kit) []Finding {
	return k.each(ctx, func(c Case) bool { return calls()[c.Call].reads }, func(c Case, p play) []string {
		var out []string
		for _, s := range p.world.net.Sent() {
			if s.Method != http.MethodGet && s.Method != http.MethodHead && !s.Reads {
				out = append(out, fmt.Sprintf("%s only reads, but it sent a %s (if that changes nothing, the case must say \"reads\": true)", c.Call, s.Method))
			}
		}
		if p.world.wrote.Load() {
			out = append(out, c.Call+" only reads, but it changed what the host keeps")
		}
		return out
	})
}

// play is a case after its call.
type play struct {
	result result
	world  *world
	host   *host
}

// each plays the cases that match and asks judge about them.
func (k *kit) each(ctx context.Context, match func(Case) bool, judge func(Case, play) []string) []Finding {
	var out []Finding
	for _, c := range k.cases {
		if !match(c) {
			continue
		}
		p, err := k.play(ctx, c)
		if err != nil {
			return []Finding{findingf("", "%v", err)}
		}
		if p.result.missing != "" {
			continue
		}
		for _, d := range judge(c, p) {
			out = append(out, Finding{Part: c.Name, Detail: d})
		}
	}
	return out
}

// play makes the call of c on a provider and in a world of its own.
func (k *kit) play(ctx context.Context, c Case) (play, error) {
	h := newHost()
	p, err := k.build(h)
	if err != nil {
		return play{}, err
	}
	w := newWorld(c)
	return play{result: invoke(w.enter(ctx), p, c), world: w, host: h}, nil
}

// checkPurity calls what must be pure twice, where every request is a mistake.
func checkPurity(ctx context.Context, k *kit) []Finding {
	h := newHost()
	p, err := k.build(h)
	if err != nil {
		return []Finding{findingf("", "%v", err)}
	}
	var out []Finding
	same := func(part, what string, call func() any) {
		if a, b := call(), call(); !reflect.DeepEqual(a, b) {
			out = append(out, findingf(part, "%s gives another answer to the same arguments", what))
		}
	}
	caps := social.CapabilitiesOf(p)
	same("", "Descriptor", func() any { return p.Descriptor() })
	if caps.Form != nil {
		same("", "ConnectForm", func() any { return caps.Form.ConnectForm() })
	}
	if caps.Redirect != nil {
		same("", "RedirectForm", func() any { return caps.Redirect.RedirectForm() })
	}
	for _, c := range k.cases {
		given := c.clone()
		it, tr := given.item(false), given.target().Traits
		same(c.Name, "Validate", func() any { return p.Validate(it, tr) })
		same(c.Name, "LimitsFor", func() any { return caps.LimitsFor(p.Descriptor(), tr) })
		if !reflect.DeepEqual(it, c.item(false)) || !reflect.DeepEqual(tr, c.target().Traits) {
			out = append(out, findingf(c.Name, "Validate or LimitsFor changed its arguments"))
		}
	}
	for _, s := range h.strays() {
		out = append(out, findingf("", "a pure call made a %s", s))
	}
	return append(out, k.mutations(ctx)...)
}

// mutations finds calls that change the maps and bytes they were given.
func (k *kit) mutations(ctx context.Context) []Finding {
	return k.each(ctx, func(Case) bool { return true }, func(c Case, p play) []string {
		if p.result.mutated {
			return []string{c.Call + " changed its arguments"}
		}
		return nil
	})
}

// differs reports whether the arguments in c are not those of other.
func (c Case) differs(other Case) bool {
	return !reflect.DeepEqual(c.Target, other.Target) || !reflect.DeepEqual(c.Item, other.Item) || !reflect.DeepEqual(c.Ref, other.Ref) ||
		!reflect.DeepEqual(c.At, other.At) || !reflect.DeepEqual(c.Keep, other.Keep) || !reflect.DeepEqual(c.Query, other.Query)
}

// checkRepeat publishes again with the same key, as the engine does within
// Descriptor.Dedupe after a lost answer, some time later. A repost it may
// always repeat.
func checkRepeat(ctx context.Context, k *kit) []Finding {
	first, err := k.build(newHost())
	if err != nil {
		return []Finding{findingf("", "%v", err)}
	}
	publish := first.Descriptor().Dedupe > 0
	var out []Finding
	for _, c := range k.cases {
		repeatable := c.Call == "publish" && publish || c.Call == "repost"
		if !repeatable || !c.works() {
			continue
		}
		for _, d := range k.repeat(ctx, c) {
			out = append(out, Finding{Part: c.Name, Detail: d})
		}
	}
	return out
}

func (k *kit) repeat(ctx context.Context, c Case) []string {
	h := newHost()
	p, err := k.build(h)
	if err != nil {
		return []string{err.Error()}
	}
	if len(c.Exchanges) == 0 {
		return repeatHosted(ctx, h, p, c)
	}
	writes := c.writes()
	if len(writes) == 0 {
		return nil
	}
	lost := c.clone()
	lost.Exchanges[writes[len(writes)-1]].Response.Drop = true
	one, two := newWorld(lost), newWorld(lost)
	invoke(one.enter(ctx), p, lost)
	h.later(time.Hour)
	invoke(two.enter(ctx), p, lost)
	return diffSent(c.Call, one.net.Sent(), two.net.Sent())
}

// repeatHosted is repeat for a provider that publishes on this very server.
func repeatHosted(ctx context.Context, h *host, p social.Provider, c Case) []string {
	w := newWorld(c)
	one := invoke(w.enter(ctx), p, c)
	docs := len(w.docs)
	h.later(time.Hour)
	two := invoke(w.enter(ctx), p, c)
	if !reflect.DeepEqual(one.outcome, two.outcome) || two.err != nil {
		return []string{fmt.Sprintf("a repeated Publish with the same key gave %+v, want the first answer", two.outcome)}
	}
	if len(w.docs) != docs {
		return []string{"a repeated Publish with the same key stored another document"}
	}
	return nil
}

func diffSent(call string, one, two []httpscript.Sent) []string {
	if len(one) != len(two) {
		return []string{fmt.Sprintf("a repeated %s sent %d requests, the first one %d", call, len(two), len(one))}
	}
	for i := range one {
		a, b := one[i], two[i]
		switch {
		case a.Method != b.Method || a.URL != b.URL:
			return []string{fmt.Sprintf("a repeated %s sent another address (%s, then %s)", call, a.URL, b.URL)}
		case !reflect.DeepEqual(a.Header, b.Header):
			return []string{"a repeated " + call + " sent other headers to " + a.URL}
		case !bytes.Equal(a.Body, b.Body):
			return []string{"a repeated " + call + " sent another body to " + a.URL + ": derive everything from Target.Key and Target.FirstTry"}
		}
	}
	return nil
}

// idWord is what Deps.NewID gives. Calls that run at once share its counter,
// so their cases must not depend on the number.
var idWord = regexp.MustCompile(`\bid-\d+\b`)

// checkConcurrency makes all calls at once on one provider.
func checkConcurrency(ctx context.Context, k *kit) []Finding {
	h := newHost()
	h.sameID = true
	p, err := k.build(h)
	if err != nil {
		return []Finding{findingf("", "%v", err)}
	}
	const rounds = 4
	var cases []Case
	for _, c := range k.cases {
		raw := idWord.ReplaceAll(c.raw, []byte("id-1"))
		one, err := parseCase(c.Name, raw)
		if err == nil && len(k.alone(ctx, one)) == 0 {
			cases = append(cases, one)
		}
	}
	found := make([][]string, rounds*len(cases))
	var wg sync.WaitGroup
	for i := range found {
		c := cases[i%len(cases)]
		wg.Go(func() {
			w := newWorld(c)
			r := invoke(w.enter(ctx), p, c)
			found[i] = append(c.judge(r), w.net.Diffs()...)
		})
	}
	wg.Wait()
	var out []Finding
	for i, list := range found {
		for _, d := range list {
			f := Finding{Part: cases[i%len(cases)].Name, Detail: "beside other calls on one provider: " + d}
			if !slices.Contains(out, f) {
				out = append(out, f)
			}
		}
	}
	return out
}

// alone is what is wrong with c without others beside it.
func (k *kit) alone(ctx context.Context, c Case) []string {
	h := newHost()
	h.sameID = true
	p, err := k.build(h)
	if err != nil {
		return []string{err.Error()}
	}
	w := newWorld(c)
	r := invoke(w.enter(ctx), p, c)
	return append(c.judge(r), w.net.Diffs()...)
}

// writes lists the exchanges that do more than read.
func (c Case) writes() []int {
	var out []int
	for i, e := range c.Exchanges {
		if !e.Request.Reads && e.Request.Method != http.MethodGet && e.Request.Method != http.MethodHead {
			out = append(out, i)
		}
	}
	return out
}

// reencoded is raw as a database may hand it back: equal, but other bytes.
func reencoded(raw []byte) []byte {
	var v any
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if d.Decode(&v) != nil {
		return raw
	}
	out, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		return raw
	}
	return out
}
