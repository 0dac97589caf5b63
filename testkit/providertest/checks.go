package providertest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/crierhq/crier/ports/social"
)

var idPattern = regexp.MustCompile(`^[a-z][a-z0-9-]*$`)

func checkDescriptor(_ context.Context, k *kit) []Finding {
	p, err := k.build(newHost())
	if err != nil {
		return []Finding{findingf("", "%v", err)}
	}
	d := p.Descriptor()
	out := descriptorFacts(d)
	out = append(out, limitFacts(d.Limits)...)
	if !reflect.DeepEqual(d, p.Descriptor()) {
		out = append(out, findingf("stable", "Descriptor changes between calls"))
	}
	if names := social.CapabilitiesOf(p).Names(); !slices.IsSorted(names) {
		out = append(out, findingf("capabilities", "the names are not sorted: %v", names))
	}
	return append(out, k.compareGolden(d.Settings)...)
}

func descriptorFacts(d social.Descriptor) []Finding {
	var out []Finding
	add := func(bad bool, part, format string, args ...any) {
		if bad {
			out = append(out, findingf(part, format, args...))
		}
	}
	add(!idPattern.MatchString(string(d.ID)), "id", "ID %q must be lower-case letters, digits and dashes, and start with a letter", d.ID)
	add(d.Name == "", "name", "Name is empty")
	add(!strings.HasPrefix(d.DocsURL, "https://"), "docs", "DocsURL %q must be an https address of the platform's API documentation", d.DocsURL)
	add(!slices.Contains([]social.Markup{social.MarkupPlain, social.MarkupMarkdown, social.MarkupHTML}, d.Markup),
		"markup", "Markup %q is none of plain, markdown and html", d.Markup)
	add(d.Dedupe < 0, "dedupe", "Dedupe is negative")
	add(d.MinGap < 0, "gap", "MinGap is negative")
	for _, l := range d.AppLimits {
		add(l.Calls < 0 || l.Per <= 0, "app-limits", "AppLimits has %d calls in %s: give a span, and the calls or 0 where none are published", l.Calls, l.Per)
	}
	return out
}

func limitFacts(l social.Limits) []Finding {
	var out []Finding
	add := func(bad bool, format string, args ...any) {
		if bad {
			out = append(out, findingf("limits", format, args...))
		}
	}
	counters := []social.Counter{social.CountRunes, social.CountUTF16, social.CountGraphemes, social.CountBytes, social.CountWeighted}
	m := l.Media
	add(l.Text.Max <= 0, "Limits.Text.Max is not set: give the longest text the platform takes")
	add(!slices.Contains(counters, l.Text.Count), "Limits.Text.Count %q is none of %v", l.Text.Count, counters)
	add(min(l.Text.MaxBytes, l.Text.URLLength, l.Replies, m.Alt, m.Images, m.Videos, m.Documents, m.Max) < 0, "a limit is negative")
	for _, kind := range offered(m) {
		typed := slices.ContainsFunc(m.Types, func(t social.MediaType) bool { return kind.has(t.MIME) })
		add(!typed, "Limits.Media.%s is %d, but Types lists no type of that kind", kind.field, kind.max)
	}
	add(m.Required && len(offered(m)) == 0, "Limits.Media.Required is set, but no media are offered")
	for _, t := range m.Types {
		add(!strings.Contains(t.MIME, "/") || min(t.MaxBytes, t.MaxPixels) < 0, "media type %+v is not valid", t)
	}
	return out
}

// kindLimit is how many media of one kind an item may have.
type kindLimit struct {
	field string
	max   int
	has   func(mime string) bool
}

// offered lists the kinds of media that a platform takes.
func offered(m social.MediaLimit) []kindLimit {
	image := func(mime string) bool { return strings.HasPrefix(mime, "image/") }
	video := func(mime string) bool { return strings.HasPrefix(mime, "video/") }
	all := []kindLimit{
		{"Images", m.Images, image},
		{"Videos", m.Videos, video},
		{"Documents", m.Documents, func(mime string) bool { return !image(mime) && !video(mime) }},
	}
	return slices.DeleteFunc(all, func(k kindLimit) bool { return k.max <= 0 })
}

func (k *kit) compareGolden(s social.Schema) []Finding {
	raw, err := schemaText(s)
	if err != nil {
		return []Finding{findingf("settings", "the settings schema cannot be written: %v", err)}
	}
	if k.Golden == "" {
		if len(s.Fields()) > 0 {
			return []Finding{findingf("settings", "there are settings, but Harness.Golden names no file to keep their schema in")}
		}
		return nil
	}
	want, err := os.ReadFile(k.Golden)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return []Finding{findingf("settings", "%s is missing: write it with go test -update", k.Golden)}
	case err != nil:
		return []Finding{findingf("settings", "%v", err)}
	case !bytes.Equal(raw, want):
		return []Finding{findingf("settings", "the settings schema is not the one in %s: if that is meant, write it with go test -update", k.Golden)}
	}
	return nil
}

func (k *kit) writeGolden() error {
	p, err := k.build(newHost())
	if err != nil || k.Golden == "" {
		return err
	}
	raw, err := schemaText(p.Descriptor().Settings)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(k.Golden), 0o750); err != nil {
		return err
	}
	return os.WriteFile(k.Golden, raw, 0o600)
}

func schemaText(s social.Schema) ([]byte, error) {
	raw, err := json.MarshalIndent(s, "", "  ")
	return append(raw, '\n'), err
}

func checkConnector(_ context.Context, k *kit) []Finding {
	p, err := k.build(newHost())
	if err != nil {
		return []Finding{findingf("", "%v", err)}
	}
	caps := social.CapabilitiesOf(p)
	if caps.Redirect == nil && caps.Form == nil {
		return []Finding{findingf("", "no account can be connected: implement social.RedirectConnector or social.FormConnector")}
	}
	var out []Finding
	if caps.Form != nil && len(caps.Form.ConnectForm().Fields()) == 0 {
		out = append(out, findingf("form", "ConnectForm has no fields"))
	}
	return out
}

func checkCases(ctx context.Context, k *kit) []Finding {
	var out []Finding
	for _, c := range k.cases {
		for _, d := range k.runCase(ctx, c) {
			out = append(out, Finding{Part: c.Name, Detail: d})
		}
	}
	return out
}

// runCase plays one case on a provider of its own.
func (k *kit) runCase(ctx context.Context, c Case) []string {
	h := newHost()
	p, err := k.build(h)
	if err != nil {
		return []string{err.Error()}
	}
	w := newWorld(c)
	r := invoke(w.enter(ctx), p, c)
	out := c.judge(r)
	out = append(out, w.net.Diffs()...)
	out = append(out, c.judgeWorld(w)...)
	out = append(out, h.strays()...)
	out = append(out, c.preconditions(p)...)
	out = append(out, leaks(r, h.log.String())...)
	if len(out) > 0 || len(c.At.State) == 0 {
		return out
	}
	stored, err := parseCase(c.Name, reencoded(c.raw))
	if err != nil {
		return []string{err.Error()}
	}
	w = newWorld(stored)
	r = invoke(w.enter(ctx), p, stored)
	return prefix("with the cursor as a database hands it back: ", append(stored.judge(r), w.net.Diffs()...))
}

// preconditions says what of the case no host would ever pass on.
func (c Case) preconditions(p social.Provider) []string {
	var out []string
	caps := social.CapabilitiesOf(p)
	check := func(schema social.Schema) {
		for _, pr := range schema.CheckValues(c.Values, "values") {
			out = append(out, fmt.Sprintf("no host would pass these values on: %s: %s", pr.Field, pr.Message))
		}
	}
	switch c.Call {
	case "publish", "prepare", "edit", "find":
		return c.itemFaults(p)
	case "connect_form":
		if caps.Form != nil {
			check(caps.Form.ConnectForm())
		}
	case "connect_begin":
		if caps.Redirect != nil {
			check(caps.Redirect.RedirectForm())
		}
	}
	return out
}

func (c Case) itemFaults(p social.Provider) []string {
	var out []string
	add := func(bad bool, format string, args ...any) {
		if bad {
			out = append(out, "no host would pass this item on: "+fmt.Sprintf(format, args...))
		}
	}
	for _, pr := range p.Descriptor().Settings.Check(c.Item.Settings, "settings") {
		add(true, "%s: %s", pr.Field, pr.Message)
	}
	l := social.CapabilitiesOf(p).LimitsFor(p.Descriptor(), c.target().Traits)
	n := l.Text.Measure(c.Item.Text)
	add(n > l.Text.Max, "the text measures %d, the limit is %d %s", n, l.Text.Max, l.Text.Count)
	add(l.Text.MaxBytes > 0 && len(c.Item.Text) > l.Text.MaxBytes, "the text has %d bytes, the limit is %d", len(c.Item.Text), l.Text.MaxBytes)
	add(c.Item.Parent != nil && l.Replies == 0, "it is a reply, but Limits.Replies is 0")
	add((c.Item.Parent == nil) != (c.Item.Root == nil), "root and parent go together")
	for i, m := range c.Item.Media {
		known := slices.ContainsFunc(l.Media.Types, func(t social.MediaType) bool { return t.MIME == m.MIME })
		add(!known, "item.media[%d] is %s, which Limits.Media.Types does not list", i, m.MIME)
	}
	return out
}

// leaks finds the canary where no secret may be.
func leaks(r result, log string) []string {
	var out []string
	look := func(where, text string) {
		if strings.Contains(text, Canary) {
			out = append(out, where+" leaks the credential")
		}
	}
	if r.err != nil {
		look("the text of the error", r.err.Error())
		if e, ok := errors.AsType[*social.Error](r.err); ok {
			look("Error.Message", e.Message)
			look("Error.Evidence", e.Evidence)
			lookRef(look, "Error.Existing", e.Existing)
		}
	}
	lookRef(look, "the Ref", r.ref)
	if r.cursor != nil {
		look("Cursor.State", string(r.cursor.State))
	}
	if r.outcome != nil {
		lookRef(look, "the Ref", r.outcome.Ref)
		if r.outcome.Cursor != nil {
			look("Cursor.State", string(r.outcome.Cursor.State))
		}
	}
	if cn := r.connection; cn != nil {
		look("the Connection", fmt.Sprintln(cn.Account, cn.Name, cn.Handle, cn.URL, cn.Avatar, cn.Traits))
	}
	look("the log", log)
	return out
}

func lookRef(look func(where, text string), where string, ref *social.Ref) {
	if ref != nil {
		look(where, fmt.Sprintln(ref.ID, ref.URL, ref.Extra))
	}
}
