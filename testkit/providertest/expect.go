package providertest

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/testkit/httpscript/wild"
)

// judge says how what came of a call differs from what its case wants.
func (c Case) judge(r result) []string {
	switch {
	case r.missing != "":
		return []string{fmt.Sprintf("the case calls %s, but the provider has no capability %s", c.Call, r.missing)}
	case r.panicked != nil:
		return []string{fmt.Sprintf("the call panicked: %v", r.panicked)}
	case r.err != nil:
		return append(c.judgeError(r.err), c.judgeRates(r.rates)...)
	case c.Want.Code != "":
		return []string{fmt.Sprintf("it succeeded, want code %q", c.Want.Code)}
	}
	return append(c.judgeResult(r), c.judgeRates(r.rates)...)
}

// judgeRates compares what was reported of rate limits.
func (c Case) judgeRates(got []social.Rate) []string {
	var want []social.Rate
	for _, r := range c.Want.Rates {
		after, _ := time.ParseDuration(r.ResetAfter) // Case.faults has looked at it.
		want = append(want, social.Rate{Scope: r.Scope, Limit: r.Limit, Remaining: r.Remaining, ResetAfter: after})
	}
	if slices.Equal(got, want) {
		return nil
	}
	return []string{fmt.Sprintf("it reported the rates %+v, want %+v (want.rates)", got, want)}
}

// judgeResult is judge for a call that succeeded as it should.
func (c Case) judgeResult(r result) []string {
	switch c.Call {
	case "publish", "check":
		return c.judgeOutcome(*r.outcome)
	case "prepare":
		return c.judgeCursor(*r.cursor)
	case "find":
		return c.judgeFound(r.ref)
	case "edit", "repost", "resolve":
		return c.judgeRef(r.ref)
	case "confirm":
		return c.judgeVisible(*r.visible)
	case "refresh":
		return diffCredential(c.Want.Credential, *r.credential)
	case "connect_form", "connect_finish":
		return diffConnection(c.Want.Connection, *r.connection)
	case "connect_begin":
		return c.judgeRedirect(*r.redirect)
	case "validate":
		return c.judgeProblems(r.problems)
	case "limits":
		return c.judgeLimits(*r.limits)
	}
	return c.judgeLookup(r)
}

// judgeLookup is judgeResult for the calls that help a person choose, and for
// numbers.
func (c Case) judgeLookup(r result) []string {
	switch c.Call {
	case "metrics":
		return c.judgeMetrics(r.metrics)
	case "account_metrics":
		return c.judgeSeries(r.series)
	case "choices":
		return c.judgeChoices(r.choices)
	case "options":
		return judgeList("options", c.Want.Options, r.options)
	case "mentions":
		return judgeList("mentions", c.Want.Mentions, r.mentions)
	}
	return nil
}

func (c Case) judgeRef(got *social.Ref) []string {
	out := diffRef(c.Want.Ref, got)
	if got.ID == "" {
		out = append(out, "the Ref has no ID")
	}
	return out
}

func (c Case) judgeMetrics(got social.Metrics) []string {
	var out []string
	if c.Want.Metrics == nil {
		out = append(out, fmt.Sprintf("the case must say want.metrics; got %v", got))
	}
	for _, m := range slices.Sorted(maps.Keys(got)) {
		want, wanted := c.Want.Metrics[m]
		switch {
		case !slices.Contains(social.AllMetrics(), m):
			out = append(out, fmt.Sprintf("metric %q is none of social.AllMetrics", m))
		case got[m] < 0:
			out = append(out, fmt.Sprintf("metric %s is %d: what is not known must be missing", m, got[m]))
		case !wanted:
			out = append(out, fmt.Sprintf("metric %s is %d, want it missing", m, got[m]))
		case got[m] != want:
			out = append(out, fmt.Sprintf("metric %s is %d, want %d", m, got[m], want))
		}
	}
	for _, m := range slices.Sorted(maps.Keys(c.Want.Metrics)) {
		if _, ok := got[m]; !ok {
			out = append(out, fmt.Sprintf("metric %s is missing, want %d", m, c.Want.Metrics[m]))
		}
	}
	return out
}

func (c Case) judgeChoices(got []social.Connection) []string {
	if len(got) == 0 {
		return []string{"there are no choices: that is an error which says what the person lacks"}
	}
	var out []string
	if len(got) != len(c.Want.Choices) {
		out = append(out, fmt.Sprintf("there are %d choices, want %d (want.choices)", len(got), len(c.Want.Choices)))
	}
	seen := map[string]bool{}
	for i, g := range got {
		if seen[g.Account] {
			out = append(out, fmt.Sprintf("two choices have the account %q", g.Account))
		}
		seen[g.Account] = true
		if i < len(c.Want.Choices) {
			out = append(out, prefix(fmt.Sprintf("choices[%d].", i), diffConnection(&c.Want.Choices[i], g))...)
		}
	}
	return out
}

// judgeList compares what a look-up returned.
func judgeList[T comparable](what string, want, got []T) []string {
	var out []string
	if len(got) > social.MaxOptions {
		out = append(out, fmt.Sprintf("there are %d %s, more than social.MaxOptions", len(got), what))
	}
	if !slices.Equal(got, want) {
		out = append(out, fmt.Sprintf("%s are %+v, want %+v (want.%s)", what, got, want, what))
	}
	return out
}

func (c Case) judgeSeries(got social.Series) []string {
	var out []string
	for m, points := range got {
		if !slices.Contains(social.AllMetrics(), m) {
			out = append(out, fmt.Sprintf("metric %q is none of social.AllMetrics", m))
		}
		for i, p := range points {
			if p.Value < 0 || !p.Day.Equal(p.Day.UTC().Truncate(24*time.Hour)) || i > 0 && !points[i-1].Day.Before(p.Day) {
				out = append(out, fmt.Sprintf("%s has %+v: days are whole, in UTC and in order, and no number is below zero", m, p))
			}
		}
	}
	same := func(a, b []social.Point) bool {
		return slices.EqualFunc(a, b, func(a, b social.Point) bool { return a.Day.Equal(b.Day) && a.Value == b.Value })
	}
	if !maps.EqualFunc(got, c.Want.Series, same) {
		out = append(out, fmt.Sprintf("series is %v, want %v (want.series)", got, c.Want.Series))
	}
	return out
}

func (c Case) judgeVisible(got bool) []string {
	switch {
	case c.Want.Visible == nil:
		return []string{fmt.Sprintf("the case must say want.visible; got %t", got)}
	case *c.Want.Visible != got:
		return []string{fmt.Sprintf("visible is %t, want %t", got, *c.Want.Visible)}
	}
	return nil
}

func (c Case) judgeError(err error) []string {
	e, ok := errors.AsType[*social.Error](err)
	if !ok {
		return []string{fmt.Sprintf("the error is not a *social.Error: %v", err)}
	}
	var out []string
	add := func(bad bool, format string, args ...any) {
		if bad {
			out = append(out, fmt.Sprintf(format, args...))
		}
	}
	add(c.Want.Code == "", "it failed, want no error: %v", err)
	add(c.Want.Code != "" && e.Code != c.Want.Code, "code %q, want %q (%v)", e.Code, c.Want.Code, err)
	add(!slices.Contains(social.Codes(), e.Code), "code %q is none of social.Codes", e.Code)
	add(strings.TrimSpace(e.Message) == "", "the error has no Message for the author")
	add(!strings.Contains(e.Message, c.Want.Message), "message %q, want %q in it", e.Message, c.Want.Message)
	if want, parseErr := time.ParseDuration(c.Want.RetryAfter); parseErr == nil {
		add(e.RetryAfter != want, "RetryAfter %s, want %s", e.RetryAfter, want)
	}
	if e.Code == social.CodeRateLimited || e.Code == social.CodeQuota {
		got, want := cmp.Or(e.Scope, social.ScopeAccount), cmp.Or(c.Want.Scope, social.ScopeAccount)
		add(got != want, "the limit is of the %s, want %s (want.scope)", got, want)
	}
	if c.Want.Existing != nil {
		out = append(out, prefix("Existing: ", diffRef(c.Want.Existing, e.Existing))...)
	}
	return out
}

func (c Case) judgeOutcome(got social.Outcome) []string {
	switch {
	case got.Ref != nil && got.Cursor != nil:
		return []string{"the Outcome has both a Ref and a Cursor, exactly one must be set"}
	case got.Ref == nil && got.Cursor == nil:
		return []string{"the Outcome has neither a Ref nor a Cursor, exactly one must be set"}
	case got.Ref != nil && c.Want.Next != "":
		return []string{fmt.Sprintf("it is done with Ref %s, want a cursor for %q", got.Ref.ID, c.Want.Next)}
	case got.Ref != nil:
		return append(diffRef(c.Want.Ref, got.Ref), c.judgeCaveat(got.Caveat)...)
	}
	var out []string
	if got.Caveat != "" {
		out = append(out, "the Outcome has a Caveat, which only a finished publication may have")
	}
	if c.Want.Ref != nil {
		out = append(out, fmt.Sprintf("it is not done (next %q), want Ref %s", got.Cursor.Next, c.Want.Ref.ID))
	}
	if c.Call == "publish" && got.Cursor.Next != social.StepCheck {
		out = append(out, fmt.Sprintf("after Publish the only next step is check, got %q", got.Cursor.Next))
	}
	return append(out, c.judgeCursor(*got.Cursor)...)
}

func (c Case) judgeCaveat(got string) []string {
	if c.Want.Caveat == "" && got != "" || !strings.Contains(got, c.Want.Caveat) {
		return []string{fmt.Sprintf("Caveat %q, want %q (want.caveat)", got, c.Want.Caveat)}
	}
	return nil
}

func (c Case) judgeCursor(got social.Cursor) []string {
	var out []string
	add := func(bad bool, format string, args ...any) {
		if bad {
			out = append(out, fmt.Sprintf(format, args...))
		}
	}
	add(got.Next != social.StepCheck && got.Next != social.StepPublish, "the next step %q is neither check nor publish", got.Next)
	add(got.Next != c.Want.Next, "next step %q, want %q", got.Next, c.Want.Next)
	add(len(got.State) > social.MaxCursorBytes, "Cursor.State has %d bytes, the limit is %d", len(got.State), social.MaxCursorBytes)
	add(got.After < 0, "Cursor.After is %s", got.After)
	add(len(got.State) > 0 && !json.Valid(got.State), "Cursor.State is not JSON: %s", wild.Clip(string(got.State)))
	if want, err := time.ParseDuration(c.Want.After); err == nil {
		add(got.After != want, "Cursor.After %s, want %s", got.After, want)
	}
	if len(c.Want.State) > 0 {
		out = append(out, prefix("Cursor.State: ", wild.JSON(c.Want.State, got.State))...)
	}
	return out
}

func (c Case) judgeFound(got *social.Ref) []string {
	if c.Want.Found == nil && c.Want.Ref == nil {
		return []string{"the case must say want.found"}
	}
	want := c.Want.Ref != nil || c.Want.Found != nil && *c.Want.Found
	switch {
	case want != (got != nil):
		return []string{fmt.Sprintf("found is %t, want %t", got != nil, want)}
	case c.Want.Ref != nil:
		return diffRef(c.Want.Ref, got)
	case got != nil && got.ID == "":
		return []string{"the Ref that was found has no ID"}
	}
	return nil
}

func (c Case) judgeRedirect(got social.Redirect) []string {
	var out []string
	if c.Want.Redirect == "" {
		out = append(out, "the case must say want.redirect; got "+wild.Clip(got.URL))
	} else {
		out = append(out, prefix("redirect: ", wild.URL(c.Want.Redirect, got.URL))...)
	}
	if !strings.Contains(got.URL, c.state()) {
		out = append(out, "the redirect does not carry the state")
	}
	if c.Want.Keep != nil {
		out = append(out, diffMap("keep", c.Want.Keep, got.Keep)...)
	}
	return out
}

func (c Case) judgeProblems(got []social.Problem) []string {
	var out []string
	have := make([]CaseProblem, len(got))
	for i, p := range got {
		have[i] = CaseProblem{Field: p.Field, Rule: p.Rule}
		if p.Field == "" || p.Rule == "" || p.Message == "" {
			out = append(out, fmt.Sprintf("problem %d needs a Field, a Rule and a Message: %+v", i, p))
		}
	}
	for _, p := range c.Want.Problems {
		if !slices.Contains(have, p) {
			out = append(out, fmt.Sprintf("there is no problem %q at %q", p.Rule, p.Field))
		}
	}
	for _, p := range have {
		if !slices.Contains(c.Want.Problems, p) {
			out = append(out, fmt.Sprintf("problem %q at %q, want none", p.Rule, p.Field))
		}
	}
	return out
}

func (c Case) judgeLimits(got social.Limits) []string {
	if len(c.Want.Limits) == 0 {
		return []string{"the case must say want.limits"}
	}
	raw, err := json.Marshal(got)
	if err != nil {
		return []string{err.Error()}
	}
	return prefix("limits: ", wild.Subset(c.Want.Limits, raw))
}

// judgeWorld says how what the host keeps differs from what the case wants.
func (c Case) judgeWorld(w *world) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := append(kept("vault", c.Want.Vault, w.vault), kept("file", c.Want.Files, w.files)...)
	for _, d := range c.Want.Documents {
		i := w.index(d.Space, d.Key)
		gone := len(d.Data) == 0 || string(d.Data) == "null"
		switch {
		case i < 0 && !gone:
			out = append(out, fmt.Sprintf("document %s/%s was not stored", d.Space, d.Key))
		case i >= 0 && gone:
			out = append(out, fmt.Sprintf("document %s/%s is still there", d.Space, d.Key))
		case i >= 0:
			out = append(out, prefix(fmt.Sprintf("document %s/%s: ", d.Space, d.Key), wild.JSON(d.Data, w.docs[i].Data))...)
		}
	}
	return out
}

// kept compares as JSON what is meant to be JSON.
func kept(what string, want map[string]string, got map[string][]byte) []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(want)) {
		v, ok := got[name]
		switch {
		case !ok:
			out = append(out, fmt.Sprintf("%s %s was not saved", what, name))
		case strings.HasPrefix(want[name], "{") && json.Valid([]byte(want[name])):
			out = append(out, prefix(what+" "+name+": ", wild.JSON([]byte(want[name]), v))...)
		case !wild.Text(want[name], string(v)):
			out = append(out, fmt.Sprintf("%s %s is %q, want %q", what, name, wild.Clip(string(v)), wild.Clip(want[name])))
		}
	}
	return out
}

func diffRef(want, got *social.Ref) []string {
	switch {
	case want == nil && got == nil:
		return nil
	case want == nil:
		return []string{fmt.Sprintf("the case must say want.ref; got %+v", *got)}
	case got == nil:
		return []string{"there is no Ref, want " + want.ID}
	}
	out := diffText("Ref.ID", want.ID, got.ID)
	out = append(out, diffText("Ref.URL", want.URL, got.URL)...)
	return append(out, diffMap("Ref.Extra", want.Extra, got.Extra)...)
}

func diffCredential(want *CaseCredential, got social.Credential) []string {
	if want == nil {
		return []string{"the case must say want.credential"}
	}
	out := diffText("credential.access", deref(want.Access), got.Access)
	out = append(out, diffText("credential.refresh", deref(want.Refresh), got.Refresh)...)
	out = append(out, diffMap("credential.extra", want.Extra, got.Extra)...)
	expiry := ""
	if !got.Expiry.IsZero() {
		expiry = got.Expiry.UTC().Format(time.RFC3339)
	}
	return append(out, diffText("credential.expiry", want.Expiry, expiry)...)
}

func diffConnection(want *CaseConnection, got social.Connection) []string {
	if want == nil {
		return []string{"the case must say want.connection"}
	}
	var out []string
	for _, e := range [][3]string{
		{"account", want.Account, got.Account},
		{"name", want.Name, got.Name},
		{"handle", want.Handle, got.Handle},
		{"url", want.URL, got.URL},
		{"avatar", want.Avatar, got.Avatar},
	} {
		out = append(out, diffText("connection."+e[0], e[1], e[2])...)
	}
	if got.Account == "" {
		out = append(out, "connection.account is empty")
	}
	out = append(out, diffMap("connection.traits", want.Traits, got.Traits)...)
	cred := want.Credential
	if cred == nil {
		cred = &CaseCredential{}
	}
	return append(out, prefix("connection.", diffCredential(cred, got.Credential))...)
}

func diffText(what, want, got string) []string {
	if wild.Text(want, got) {
		return nil
	}
	return []string{fmt.Sprintf("%s is %q, want %q", what, wild.Clip(got), wild.Clip(want))}
}

func diffMap[M ~map[string]string](what string, want map[string]string, got M) []string {
	return wild.Lists(what, listed(want), listed(got))
}

func listed[M ~map[string]string](m M) map[string][]string {
	out := map[string][]string{}
	for k, v := range m {
		out[k] = []string{v}
	}
	return out
}

func prefix(p string, list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = p + s
	}
	return out
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
