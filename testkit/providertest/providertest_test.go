package providertest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/testkit/providertest"
)

func harness() providertest.Harness {
	return providertest.Harness{
		New:    func(d social.Deps) (social.Provider, error) { return newMurmur(d), nil },
		Cases:  os.DirFS("testdata/murmur"),
		Golden: "testdata/murmur.schema.json",
		Source: source(`package murmur; import "time"; var table = 1; func f() { table := table; table++; _ = time.Second }`),
	}
}

func source(text string) fs.FS { return fstest.MapFS{"murmur.go": {Data: []byte(text)}} }

func TestRightProviderHasNoFindings(t *testing.T) {
	t.Parallel()
	for _, f := range providertest.Findings(t.Context(), harness()) {
		t.Error(f)
	}
	providertest.Run(t, harness())
}

// bent is murmur with a bend in one place.
type bent struct {
	*murmur
	descriptor func(social.Descriptor) social.Descriptor
	validate   func(social.Item, social.Traits) []social.Problem
	publish    func(context.Context, social.Target, social.Item, social.Cursor) (social.Outcome, error)
	prepare    func(context.Context, social.Target, social.Item) (social.Cursor, error)
	check      func(context.Context, social.Target, social.Cursor) (social.Outcome, error)
	find       func(context.Context, social.Target, social.Item) (*social.Ref, error)
	refresh    func(context.Context, social.Target) (social.Credential, error)
	repost     func(context.Context, social.Target, social.Ref) (social.Ref, error)
	metrics    func(context.Context, social.Target, social.Ref) (social.Metrics, error)
}

func (b *bent) Descriptor() social.Descriptor {
	if b.descriptor == nil {
		return b.murmur.Descriptor()
	}
	return b.descriptor(b.murmur.Descriptor())
}

func (b *bent) Validate(it social.Item, tr social.Traits) []social.Problem {
	if b.validate == nil {
		return b.murmur.Validate(it, tr)
	}
	return b.validate(it, tr)
}

func (b *bent) Publish(ctx context.Context, t social.Target, it social.Item, at social.Cursor) (social.Outcome, error) {
	if b.publish == nil {
		return b.murmur.Publish(ctx, t, it, at)
	}
	return b.publish(ctx, t, it, at)
}

func (b *bent) Prepare(ctx context.Context, t social.Target, it social.Item) (social.Cursor, error) {
	if b.prepare == nil {
		return b.murmur.Prepare(ctx, t, it)
	}
	return b.prepare(ctx, t, it)
}

func (b *bent) Check(ctx context.Context, t social.Target, at social.Cursor) (social.Outcome, error) {
	if b.check == nil {
		return b.murmur.Check(ctx, t, at)
	}
	return b.check(ctx, t, at)
}

func (b *bent) Find(ctx context.Context, t social.Target, it social.Item) (*social.Ref, error) {
	if b.find == nil {
		return b.murmur.Find(ctx, t, it)
	}
	return b.find(ctx, t, it)
}

func (b *bent) Refresh(ctx context.Context, t social.Target) (social.Credential, error) {
	if b.refresh == nil {
		return b.murmur.Refresh(ctx, t)
	}
	return b.refresh(ctx, t)
}

func (b *bent) Repost(ctx context.Context, t social.Target, ref social.Ref) (social.Ref, error) {
	if b.repost == nil {
		return b.murmur.Repost(ctx, t, ref)
	}
	return b.repost(ctx, t, ref)
}

func (b *bent) Metrics(ctx context.Context, t social.Target, ref social.Ref) (social.Metrics, error) {
	if b.metrics == nil {
		return b.murmur.Metrics(ctx, t, ref)
	}
	return b.metrics(ctx, t, ref)
}

// describe bends one thing of the Descriptor.
func describe(change func(*social.Descriptor)) func(*bent) {
	return func(b *bent) {
		b.descriptor = func(d social.Descriptor) social.Descriptor {
			change(&d)
			return d
		}
	}
}

// fails bends the error of Publish.
func fails(change func(social.Target, *social.Error) error) func(*bent) {
	return func(b *bent) {
		b.publish = func(ctx context.Context, t social.Target, it social.Item, at social.Cursor) (social.Outcome, error) {
			out, err := b.murmur.Publish(ctx, t, it, at)
			if e, ok := errors.AsType[*social.Error](err); ok {
				return out, change(t, e)
			}
			return out, err
		}
	}
}

// succeeds bends what Publish returns.
func succeeds(change func(social.Target, *social.Outcome)) func(*bent) {
	return func(b *bent) {
		b.publish = func(ctx context.Context, t social.Target, it social.Item, at social.Cursor) (social.Outcome, error) {
			out, err := b.murmur.Publish(ctx, t, it, at)
			if err == nil {
				change(t, &out)
			}
			return out, err
		}
	}
}

// TestKitCatches proves every check by a provider that breaks its promise.
func TestKitCatches(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		bend func(*bent)
		want string
	}{
		"id in capitals":         {describe(func(d *social.Descriptor) { d.ID = "Murmur" }), `descriptor/id: ID "Murmur"`},
		"no name":                {describe(func(d *social.Descriptor) { d.Name = "" }), "descriptor/name:"},
		"docs without TLS":       {describe(func(d *social.Descriptor) { d.DocsURL = "http://x.example" }), "descriptor/docs:"},
		"no markup":              {describe(func(d *social.Descriptor) { d.Markup = "" }), "descriptor/markup:"},
		"no text limit":          {describe(func(d *social.Descriptor) { d.Limits.Text.Max = 0 }), "descriptor/limits: Limits.Text.Max"},
		"unknown counter":        {describe(func(d *social.Descriptor) { d.Limits.Text.Count = "words" }), "descriptor/limits: Limits.Text.Count"},
		"media without a type":   {describe(func(d *social.Descriptor) { d.Limits.Media.Videos = 1 }), "descriptor/limits: Limits.Media.Videos"},
		"settings changed":       {describe(func(d *social.Descriptor) { d.Settings = social.Schema{} }), "descriptor/settings: the settings schema is not"},
		"restless descriptor":    {restlessDescriptor, "descriptor/stable:"},
		"unclassified error":     {fails(func(_ social.Target, e *social.Error) error { return errors.New(e.Message) }), "is not a *social.Error"},
		"error without message":  {fails(func(_ social.Target, e *social.Error) error { e.Message = ""; return e }), "has no Message"},
		"invented code":          {fails(func(_ social.Target, e *social.Error) error { e.Code = "oops"; return e }), "is none of social.Codes"},
		"wrong wait":             {fails(func(_ social.Target, e *social.Error) error { e.RetryAfter *= 2; return e }), "RetryAfter 1m0s, want 30s"},
		"caveat not in the case": {succeeds(func(_ social.Target, o *social.Outcome) { *o = o.But("No picture.") }), `Caveat "No picture.", want ""`},
		"duplicate not named":    {fails(func(_ social.Target, e *social.Error) error { e.Existing = nil; return e }), "Existing: there is no Ref"},
		"token in the message": {fails(func(t social.Target, e *social.Error) error {
			e.Message += t.Credential.Access
			return e
		}), "Error.Message leaks"},
		"token in the evidence": {fails(func(t social.Target, e *social.Error) error {
			e.Evidence = t.Credential.Access
			return e
		}), "Error.Evidence leaks"},
		"token in the cause": {fails(func(t social.Target, e *social.Error) error {
			e.Err = fmt.Errorf("with %s", t.Credential.Access)
			return e
		}), "the text of the error leaks"},
		"token in the ref":     {succeeds(func(t social.Target, o *social.Outcome) { o.Ref.URL = t.Credential.Access }), "the Ref leaks"},
		"token in the log":     {logsToken, "the log leaks"},
		"token in the cursor":  {cursorHolds(func(t social.Target) string { return `"` + t.Credential.Access + `"` }), "Cursor.State leaks"},
		"cursor too long":      {cursorHolds(func(social.Target) string { return `"` + strings.Repeat("x", social.MaxCursorBytes) + `"` }), "the limit is 4096"},
		"cursor no JSON":       {cursorHolds(func(social.Target) string { return "{" }), "Cursor.State is not JSON"},
		"cursor read as bytes": {rawCursor, "with the cursor as a database hands it back"},
		"other ref":            {succeeds(func(_ social.Target, o *social.Outcome) { o.Ref.ID = "m2" }), `Ref.ID is "m2", want "m1"`},
		"both ref and cursor":  {succeeds(func(_ social.Target, o *social.Outcome) { o.Cursor = &social.Cursor{} }), "has both a Ref and a Cursor"},
		"neither":              {succeeds(func(_ social.Target, o *social.Outcome) { o.Ref = nil }), "has neither a Ref nor a Cursor"},
		"publish after publish": {succeeds(func(_ social.Target, o *social.Outcome) {
			*o = social.Pending(social.Cursor{Next: social.StepPublish})
		}), "after Publish the only next step is check"},
		"panic":               {succeeds(func(social.Target, *social.Outcome) { panic("oh") }), "the call panicked: oh"},
		"own retry":           {ownRetry, "unexpected request POST"},
		"ignored context":     {ignoredContext, "without the caller's context"},
		"detached context":    {detachedContext, "it sent a request under a cancelled context"},
		"sleepy cancel":       {pretends, "cancel/publish_plain: it succeeded under a cancelled context"},
		"check that writes":   {writingCheck, "read-only/check_ready: check only reads, but it sent a POST"},
		"moody validation":    {moodyValidation, "purity/validate_loud: Validate gives another answer"},
		"validation fetches":  {fetchingValidation, "purity: a pure call made a request"},
		"changed traits":      {changesTraits, "purity/limits_account: Validate or LimitsFor changed its arguments"},
		"changed credential":  {changesRef, "changed its arguments"},
		"clock in request":    {clockInRequest, "repeat/publish_plain: a repeated publish sent other headers"},
		"fresh id in request": {freshID, "repeat/publish_plain: a repeated publish sent another body"},
		"shared state":        {sharedState, "concurrency/"},
		"loss taken for no":   {fails(lossAsUnavailable), "the change may have been made, so the code must be outcome_unknown"},
		"refusal as loss":     {fails(refusalAsLoss), "nothing was sent, so the code must be one that says so"},
		"ref from nothing":    {refFromNothing, "got a Ref without ID"},
		"blank refresh token": {blankRefresh, `credential.refresh is ""`},
		"found nothing":       {findsNothing, "found is false, want true"},
		"limit of the account": {fails(func(_ social.Target, e *social.Error) error {
			e.Scope = ""
			return e
		}), "publish_rate_limited: the limit is of the account, want app"},
		"rates not reported":   {func(b *bent) { b.api.Rates = "" }, "cases/publish_plain: it reported the rates [], want"},
		"rates made up":        {inventsRates, "cases/publish_media: it reported the rates"},
		"app limits unsaid":    {describe(func(d *social.Descriptor) { d.AppLimits = nil }), "coverage/app: case publish_plain tells of a limit of the app"},
		"app limit of no time": {describe(func(d *social.Descriptor) { d.AppLimits[0].Per = 0 }), "descriptor/app-limits:"},
		"gap below zero":       {describe(func(d *social.Descriptor) { d.MinGap = -1 }), "descriptor/gap:"},
		"repost twice":         {repostsTwice, "repeat/repost_plain: a repeated repost sent another address"},
		"repost of nothing":    {repostsNothing, "failures/repost_plain: after a 200 without content to request 1"},
		"other repost":         {bendRepost(func(r *social.Ref) { r.ID = "e2" }), `Ref.ID is "e2", want "e1"`},
		"likes not known":      {bendMetrics(func(m social.Metrics) { m[social.MetricLikes] = -1 }), "metric likes is -1: what is not known must be missing"},
		"views made up":        {bendMetrics(func(m social.Metrics) { m[social.MetricViews] = 0 }), "metric views is 0, want it missing"},
		"likes forgotten":      {bendMetrics(func(m social.Metrics) { delete(m, social.MetricLikes) }), "metric likes is missing, want 3"},
		"more replies":         {bendMetrics(func(m social.Metrics) { m[social.MetricReplies] = 7 }), "metric replies is 7, want 0"},
		"unknown metric":       {bendMetrics(func(m social.Metrics) { m["hearts"] = 7 }), `metric "hearts" is none of social.AllMetrics`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := harness()
			h.New = func(d social.Deps) (social.Provider, error) {
				b := &bent{murmur: newMurmur(d)}
				tc.bend(b)
				return b, nil
			}
			wantFinding(t, h, tc.want)
		})
	}
}

func wantFinding(t *testing.T, h providertest.Harness, want string) {
	t.Helper()
	var all []string
	for _, f := range providertest.Findings(t.Context(), h) {
		all = append(all, f.String())
	}
	if !strings.Contains(strings.Join(all, "\n"), want) {
		t.Errorf("no finding says %q; got:\n%s", want, strings.Join(all, "\n"))
	}
}

func restlessDescriptor(b *bent) {
	var calls atomic.Int64
	b.descriptor = func(d social.Descriptor) social.Descriptor {
		d.Name = fmt.Sprint("Murmur ", calls.Add(1))
		return d
	}
}

func logsToken(b *bent) {
	b.publish = func(ctx context.Context, t social.Target, it social.Item, at social.Cursor) (social.Outcome, error) {
		b.deps.Log.DebugContext(ctx, "publish", "token", t.Credential.Access)
		return b.murmur.Publish(ctx, t, it, at)
	}
}

func cursorHolds(state func(social.Target) string) func(*bent) {
	return func(b *bent) {
		b.prepare = func(ctx context.Context, t social.Target, it social.Item) (social.Cursor, error) {
			c, err := b.murmur.Prepare(ctx, t, it)
			c.State = json.RawMessage(state(t))
			return c, err
		}
	}
}

// rawCursor compares the bytes of a cursor instead of its meaning.
func rawCursor(b *bent) {
	b.check = func(ctx context.Context, t social.Target, at social.Cursor) (social.Outcome, error) {
		if strings.Index(string(at.State), "alpha") < strings.Index(string(at.State), "media") {
			return social.Outcome{}, social.Errorf(social.CodeRejected, "The cursor was tampered with.")
		}
		return b.murmur.Check(ctx, t, at)
	}
}

func ownRetry(b *bent) {
	b.publish = func(ctx context.Context, t social.Target, it social.Item, at social.Cursor) (social.Outcome, error) {
		out, err := b.murmur.Publish(ctx, t, it, at)
		if err != nil {
			return b.murmur.Publish(ctx, t, it, at)
		}
		return out, nil
	}
}

func ignoredContext(b *bent) {
	b.publish = func(_ context.Context, t social.Target, it social.Item, at social.Cursor) (social.Outcome, error) {
		return b.murmur.Publish(context.Background(), t, it, at)
	}
}

func detachedContext(b *bent) {
	b.publish = func(ctx context.Context, t social.Target, it social.Item, at social.Cursor) (social.Outcome, error) {
		return b.murmur.Publish(context.WithoutCancel(ctx), t, it, at)
	}
}

func pretends(b *bent) {
	b.publish = func(ctx context.Context, t social.Target, it social.Item, at social.Cursor) (social.Outcome, error) {
		select {
		case <-ctx.Done():
			return social.Published(social.Ref{ID: "m1"}), nil
		default:
			return b.murmur.Publish(ctx, t, it, at)
		}
	}
}

func writingCheck(b *bent) {
	b.check = func(ctx context.Context, t social.Target, at social.Cursor) (social.Outcome, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://api.murmur.example/v1/nudge", nil)
		if err != nil {
			return social.Outcome{}, err
		}
		if resp, err := b.deps.HTTP.Do(req); err == nil {
			_ = resp.Body.Close()
		}
		return b.murmur.Check(ctx, t, at)
	}
}

func moodyValidation(b *bent) {
	var calls atomic.Int64
	b.validate = func(it social.Item, tr social.Traits) []social.Problem {
		if calls.Add(1)%2 == 0 {
			return nil
		}
		return b.murmur.Validate(it, tr)
	}
}

func fetchingValidation(b *bent) {
	b.validate = func(it social.Item, tr social.Traits) []social.Problem {
		req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, "https://api.murmur.example/v1/rules", nil)
		if err != nil {
			return nil
		}
		if resp, err := b.deps.HTTP.Do(req); err == nil {
			_ = resp.Body.Close()
		}
		return b.murmur.Validate(it, tr)
	}
}

func changesTraits(b *bent) {
	b.validate = func(it social.Item, tr social.Traits) []social.Problem {
		if tr != nil {
			tr["seen"] = "yes"
		}
		return b.murmur.Validate(it, tr)
	}
}

func changesRef(b *bent) {
	b.publish = func(ctx context.Context, t social.Target, it social.Item, at social.Cursor) (social.Outcome, error) {
		if it.Parent != nil {
			defer func() { it.Parent.ID = "changed" }()
		}
		return b.murmur.Publish(ctx, t, it, at)
	}
}

func clockInRequest(b *bent) {
	b.publish = func(ctx context.Context, t social.Target, it social.Item, at social.Cursor) (social.Outcome, error) {
		t.Key += b.deps.Now().String()
		return b.murmur.Publish(ctx, t, it, at)
	}
}

func freshID(b *bent) {
	b.publish = func(ctx context.Context, t social.Target, it social.Item, at social.Cursor) (social.Outcome, error) {
		it.Text += b.deps.NewID()
		return b.murmur.Publish(ctx, t, it, at)
	}
}

// sharedState keeps the item of the last caller: right alone, wrong among
// others.
func sharedState(b *bent) {
	var mu sync.Mutex
	var last string
	b.publish = func(ctx context.Context, t social.Target, it social.Item, at social.Cursor) (social.Outcome, error) {
		mu.Lock()
		if last == "" {
			last = it.Text
		}
		it.Text = last
		mu.Unlock()
		return b.murmur.Publish(ctx, t, it, at)
	}
}

func lossAsUnavailable(_ social.Target, e *social.Error) error {
	if e.Code == social.CodeOutcomeUnknown {
		e.Code = social.CodeUnavailable
	}
	return e
}

func refusalAsLoss(_ social.Target, e *social.Error) error {
	if e.Code == social.CodeUnavailable {
		e.Code = social.CodeOutcomeUnknown
	}
	return e
}

func refFromNothing(b *bent) {
	b.publish = func(ctx context.Context, t social.Target, it social.Item, at social.Cursor) (social.Outcome, error) {
		out, err := b.murmur.Publish(ctx, t, it, at)
		if e, ok := errors.AsType[*social.Error](err); ok && strings.HasPrefix(e.Message, "Murmur did not say") {
			return social.Published(social.Ref{}), nil
		}
		return out, err
	}
}

func blankRefresh(b *bent) {
	b.refresh = func(ctx context.Context, t social.Target) (social.Credential, error) {
		c, err := b.murmur.Refresh(ctx, t)
		c.Refresh = ""
		return c, err
	}
}

func findsNothing(b *bent) {
	b.find = func(ctx context.Context, t social.Target, it social.Item) (*social.Ref, error) {
		_, err := b.murmur.Find(ctx, t, it)
		return nil, err
	}
}

func inventsRates(b *bent) {
	b.publish = func(ctx context.Context, t social.Target, it social.Item, at social.Cursor) (social.Outcome, error) {
		social.ReportRate(ctx, social.Rate{Scope: social.ScopeApp, Remaining: 5})
		return b.murmur.Publish(ctx, t, it, at)
	}
}

func repostsTwice(b *bent) {
	b.repost = func(ctx context.Context, t social.Target, ref social.Ref) (social.Ref, error) {
		return b.murmur.Repost(ctx, t, social.Ref{ID: ref.ID + b.deps.Now().Format("150405")})
	}
}

func repostsNothing(b *bent) {
	b.repost = func(ctx context.Context, t social.Target, ref social.Ref) (social.Ref, error) {
		out, err := b.murmur.Repost(ctx, t, ref)
		if e, ok := errors.AsType[*social.Error](err); ok && strings.HasPrefix(e.Message, "Murmur did not say") {
			return social.Ref{}, nil
		}
		return out, err
	}
}

func bendRepost(change func(*social.Ref)) func(*bent) {
	return func(b *bent) {
		b.repost = func(ctx context.Context, t social.Target, ref social.Ref) (social.Ref, error) {
			out, err := b.murmur.Repost(ctx, t, ref)
			change(&out)
			return out, err
		}
	}
}

func bendMetrics(change func(social.Metrics)) func(*bent) {
	return func(b *bent) {
		b.metrics = func(ctx context.Context, t social.Target, ref social.Ref) (social.Metrics, error) {
			out, err := b.murmur.Metrics(ctx, t, ref)
			change(out)
			return out, err
		}
	}
}

// bare can publish and nothing else.
type bare struct{ p *murmur }

func (b bare) Descriptor() social.Descriptor { return b.p.Descriptor() }

func (b bare) Validate(it social.Item, tr social.Traits) []social.Problem {
	return b.p.Validate(it, tr)
}

func (b bare) Publish(ctx context.Context, t social.Target, it social.Item, at social.Cursor) (social.Outcome, error) {
	return b.p.Publish(ctx, t, it, at)
}

func TestKitDemandsAConnector(t *testing.T) {
	t.Parallel()
	h := harness()
	h.New = func(d social.Deps) (social.Provider, error) { return bare{newMurmur(d)}, nil }
	wantFinding(t, h, "connector: no account can be connected")
	wantFinding(t, h, "the case calls refresh, but the provider has no capability refresh")
}

// TestKitDemandsCases takes cases away, one after the other.
func TestKitDemandsCases(t *testing.T) {
	t.Parallel()
	for missing, want := range map[string]string{
		"publish_plain publish_settings publish_media publish_reply": "coverage/publish: no case shows a publication that works",
		"publish_reply":                      "coverage/reply:",
		"publish_settings":                   "coverage/settings:",
		"publish_media prepare_media":        "coverage/media:",
		"publish_auth_expired":               `coverage/auth_expired: no case shows the code`,
		"publish_rate_limited":               `coverage/rate_limited: no case shows the code`,
		"publish_lost":                       "coverage/lost:",
		"find_there":                         "coverage/found:",
		"find_there find_nothing":            "coverage/find: the provider has the capability find",
		"confirm_visible confirm_gone":       "coverage/confirm:",
		"edit_text":                          "coverage/edit:",
		"delete_plain":                       "coverage/delete:",
		"refresh_plain":                      "coverage/refresh:",
		"revoke_plain":                       "coverage/revoke:",
		"begin_plain":                        "coverage/connect_begin:",
		"finish_plain":                       "coverage/connect_finish:",
		"form_plain":                         "coverage/connect_form:",
		"limits_account":                     "coverage/limits:",
		"repost_plain":                       "coverage/repost:",
		"metrics_plain":                      "coverage/metrics:",
		"resolve_plain":                      "coverage/resolve:",
		"choices_plain":                      "coverage/choices:",
		"options_room":                       "coverage/lookup: the setting room",
		"mentions_plain":                     "coverage/mentions:",
		"account_metrics_plain":              "coverage/account_metrics:",
		"publish_plain publish_rate_limited": "coverage/app: AppLimits are set",
		"check_ready check_waits":            "coverage/check:",
	} {
		t.Run(missing, func(t *testing.T) {
			t.Parallel()
			h := harness()
			cases := copyOf(t, h.Cases)
			for name := range strings.FieldsSeq(missing) {
				delete(cases, name+".json")
			}
			h.Cases = cases
			wantFinding(t, h, want)
		})
	}
}

func copyOf(t *testing.T, fsys fs.FS) fstest.MapFS {
	t.Helper()
	out := fstest.MapFS{}
	names, err := fs.Glob(fsys, "*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		raw, err := fs.ReadFile(fsys, name)
		if err != nil {
			t.Fatal(err)
		}
		out[name] = &fstest.MapFile{Data: raw}
	}
	return out
}

// TestKitRefusesWrongCases puts one more case among the right ones.
func TestKitRefusesWrongCases(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ text, want string }{
		"unknown field":      {`{"doc":"x","call":"publish","surprise":1,"want":{}}`, `unknown field "surprise"`},
		"unknown call":       {`{"doc":"x","call":"shout","want":{}}`, `there is no call "shout"`},
		"no doc":             {`{"call":"limits","want":{"limits":{}}}`, "doc is empty"},
		"two documents":      {`{"doc":"x","call":"limits","want":{"limits":{}}} {}`, "something after the case"},
		"bad duration":       {`{"doc":"x","call":"publish","want":{"after":"soon"}}`, "invalid duration"},
		"wants nothing":      {`{"doc":"x","call":"refresh","exchanges":[` + tokens + `],"want":{}}`, "the case must say want.credential"},
		"settings broken":    {`{"doc":"x","call":"publish","item":{"text":"a","settings":{"audience":"all"}},"want":{"code":"rejected"}}`, "no host would pass this item on: settings.audience"},
		"text too long":      {`{"doc":"x","call":"publish","item":{"text":"` + strings.Repeat("x", 301) + `"},"want":{"code":"rejected"}}`, "the text measures 301, the limit is 300"},
		"form value missing": {`{"doc":"x","call":"connect_form","want":{"code":"rejected"}}`, "no host would pass these values on: values.token"},
		"never sent":         {`{"doc":"x","call":"validate","exchanges":[` + tokens + `],"want":{}}`, "never sent POST https://api.murmur.example/oauth/token"},
		"vault not saved":    {`{"doc":"x","call":"validate","want":{"vault":{"app":"*"}}}`, "vault app was not saved"},
		"document missing":   {`{"doc":"x","call":"validate","want":{"documents":[{"space":"s","key":"k","data":{}}]}}`, "document s/k was not stored"},
		"document kept": {
			`{"doc":"x","call":"validate","documents":[{"space":"s","key":"k","data":{}}],"want":{"documents":[{"space":"s","key":"k","data":null}]}}`,
			"document s/k is still there",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := harness()
			cases := copyOf(t, h.Cases)
			cases["wrong.json"] = &fstest.MapFile{Data: []byte(tc.text)}
			h.Cases = cases
			wantFinding(t, h, tc.want)
		})
	}
}

const tokens = `{"request":{"method":"POST","url":"https://api.murmur.example/oauth/token","form":{"grant_type":"refresh_token","refresh_token":"{{canary}}"}},
	"response":{"body":{"access_token":"a","refresh_token":"r","expires_in":1}}}`

func TestKitReadsTheSource(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ text, want string }{
		"default client": {`package p; import "net/http"; func f() { http.DefaultClient.CloseIdleConnections() }`, "it uses http.DefaultClient: use Deps.HTTP"},
		"client of its own": {
			`package p; import h "net/http"; func f() any { return &h.Client{} }`, "it uses h.Client: use Deps.HTTP",
		},
		"clock":            {`package p; import "time"; func f() { _ = time.Now() }`, "it uses time.Now: use Deps.Now"},
		"environment":      {`package p; import "os"; func f() { _ = os.Getenv("X") }`, "it uses os.Getenv: configuration comes with Config"},
		"randomness":       {`package p; import "math/rand/v2"; func f() { _ = rand.Int() }`, "it uses rand.Int: use Deps.NewID"},
		"global logger":    {`package p; import "log/slog"; func f() { slog.Info("x") }`, "it uses slog.Info: use Deps.Log"},
		"init":             {`package p; func init() {}`, "there is a func init"},
		"package variable": {`package p; var cache = map[string]int{}; func f() { cache["x"] = 1 }`, "it changes the package variable cache"},
		"no Go":            {`package`, "globals/murmur.go: murmur.go:1:8: expected 'IDENT'"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := harness()
			h.Source = source(tc.text)
			wantFinding(t, h, tc.want)
		})
	}
}

func TestWaiversNeedReasonsAndUse(t *testing.T) {
	t.Parallel()
	noReply := harness()
	cases := copyOf(t, noReply.Cases)
	delete(cases, "publish_reply.json")
	noReply.Cases = cases
	for name, tc := range map[string]struct {
		h     providertest.Harness
		waive map[string]string
		want  string
	}{
		"used":           {noReply, map[string]string{"coverage/reply": "nobody answers on Murmur"}, ""},
		"whole check":    {noReply, map[string]string{"coverage": "nobody answers on Murmur"}, ""},
		"without reason": {noReply, map[string]string{"coverage/reply": " "}, "coverage/reply: waived without a reason"},
		"stale":          {harness(), map[string]string{"coverage/reply": "nobody"}, "coverage/reply: waived, but passes"},
		"no such check":  {harness(), map[string]string{"covrage": "typo"}, "waivers/covrage: there is no such check"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := tc.h
			h.Waive = maps.Clone(tc.waive)
			if tc.want != "" {
				wantFinding(t, h, tc.want)
				return
			}
			for _, f := range providertest.Findings(t.Context(), h) {
				t.Error(f)
			}
		})
	}
}

func TestHarnessMustBeWhole(t *testing.T) {
	t.Parallel()
	wantFinding(t, providertest.Harness{}, "Harness needs New and Cases")
	h := harness()
	h.Golden = ""
	wantFinding(t, h, "names no file to keep their schema in")
	h.Golden = "testdata/nowhere.json"
	wantFinding(t, h, "is missing: write it with go test -update")
	h.New = func(social.Deps) (social.Provider, error) { return nil, errors.New("broken") }
	wantFinding(t, h, "cases/publish_plain: the provider cannot be built: broken")
}
