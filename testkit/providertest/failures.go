package providertest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/testkit/httpscript"
)

// mishap is something that may happen to any exchange.
type mishap struct {
	name string
	// answer is what comes instead of the written one.
	answer httpscript.Response
	// judge says what is wrong with the end of a publish or repost whose only
	// change met the mishap.
	judge func(result) string
}

func mishaps() []mishap {
	page := "<html>Welcome to the hotel network</html>"
	return []mishap{
		{"a dropped answer", httpscript.Response{Drop: true}, mustNotKnow},
		{"a refused connection", httpscript.Response{Refuse: true}, mustKnowNothingHappened},
		{"a 500 that repeats our request", httpscript.Response{Status: 500, Echo: true}, nil},
		{"a 200 that is a web page", httpscript.Response{Status: 200, Text: &page}, mustNotKnow},
		{"a 200 without content", httpscript.Response{Status: 200, Body: json.RawMessage(`{}`)}, mustNotInventARef},
	}
}

func mustNotKnow(r result) string {
	if code := codeOf(r.err); code != social.CodeOutcomeUnknown {
		return fmt.Sprintf("the change may have been made, so the code must be outcome_unknown, got %q", code)
	}
	return ""
}

func mustKnowNothingHappened(r result) string {
	if code := codeOf(r.err); code == social.CodeOutcomeUnknown || code == "" {
		return fmt.Sprintf("nothing was sent, so the code must be one that says so, such as unavailable, got %q", code)
	}
	return ""
}

func mustNotInventARef(r result) string {
	ref := r.ref
	if r.outcome != nil {
		ref = r.outcome.Ref
	}
	if r.err == nil && ref != nil && ref.ID == "" {
		return "the answer named no item, so the code must be outcome_unknown, got a Ref without ID"
	}
	if r.err != nil {
		return mustNotKnow(r)
	}
	return ""
}

func codeOf(err error) social.Code {
	if err == nil {
		return ""
	}
	return social.AsError(err).Code
}

// checkFailures lets every mishap happen to every exchange of every case that
// works, and looks at what the provider makes of it.
func checkFailures(ctx context.Context, k *kit) []Finding {
	var out []Finding
	for _, c := range k.cases {
		if !c.works() || c.Unordered {
			continue
		}
		for i := range c.Exchanges {
			for _, m := range mishaps() {
				for _, d := range k.mishap(ctx, c, i, m) {
					f := Finding{Part: c.Name, Detail: fmt.Sprintf("after %s to request %d: %s", m.name, i+1, d)}
					if !slices.Contains(out, f) {
						out = append(out, f)
					}
				}
			}
		}
	}
	return out
}

func (k *kit) mishap(ctx context.Context, c Case, at int, m mishap) []string {
	c = c.clone()
	written := c.Exchanges[at].Response
	if written.Drop || written.Refuse {
		return nil
	}
	c.Exchanges[at].Response = m.answer
	p, err := k.play(ctx, c)
	switch {
	case err != nil:
		return []string{err.Error()}
	case p.result.missing != "":
		return nil
	case p.result.panicked != nil:
		return []string{fmt.Sprintf("the call panicked: %v", p.result.panicked)}
	}
	out := leaks(p.result, p.host.log.String())
	if n := len(p.world.net.Sent()); n > len(c.Exchanges) {
		out = append(out, "it sent a request more: a provider must not retry by itself")
	}
	if e, ok := errors.AsType[*social.Error](p.result.err); p.result.err != nil && (!ok || e.Message == "") {
		out = append(out, fmt.Sprintf("the error must be a *social.Error with a Message, got %v", p.result.err))
	}
	return append(out, c.judgeMishap(at, m, p.result)...)
}

// judgeMishap looks at what a publish or repost says that met m at its only
// change. Of
// several changes the kit cannot know which one the public sees.
func (c Case) judgeMishap(at int, m mishap, r result) []string {
	if c.Call != "publish" && c.Call != "repost" || m.judge == nil || !slices.Equal(c.writes(), []int{at}) {
		return nil
	}
	if d := m.judge(r); d != "" {
		return []string{d}
	}
	return nil
}
