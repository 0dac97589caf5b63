package providertest

import (
	"context"
	"slices"

	"github.com/crierhq/crier/ports/social"
)

// wantCodes are the failures that every platform has, so every provider must
// show a case of each.
func wantCodes() []social.Code {
	return []social.Code{social.CodeAuthExpired, social.CodeRateLimited, social.CodeOutcomeUnknown}
}

// checkCoverage demands a case for everything a provider offers.
func checkCoverage(_ context.Context, k *kit) []Finding {
	p, err := k.build(newHost())
	if err != nil {
		return []Finding{findingf("", "%v", err)}
	}
	out := k.demand(Case.publishes, "publish", "no case shows a publication that works")
	for _, code := range wantCodes() {
		shows := func(c Case) bool { return c.Want.Code == code }
		out = append(out, k.demand(shows, string(code), "no case shows the code %q", code)...)
	}
	for _, name := range social.CapabilitiesOf(p).Names() {
		for _, call := range callsOf(name) {
			works := func(c Case) bool { return c.Call == call && c.works() }
			out = append(out, k.demand(works, call, "the provider has the capability %s, but no case shows %s work", name, call)...)
		}
	}
	out = append(out, k.itemCoverage(p.Descriptor())...)
	out = append(out, k.rateCoverage(p.Descriptor())...)
	out = append(out, k.lookupCoverage(p)...)
	return append(out, k.lostAnswer(p)...)
}

// demand is a finding unless a case matches.
func (k *kit) demand(match func(Case) bool, part, format string, args ...any) []Finding {
	if slices.ContainsFunc(k.cases, match) {
		return nil
	}
	return []Finding{findingf(part, format, args...)}
}

// rateCoverage demands that a provider whose app has limits shows how it hears
// of them, and the other way round: what is reported of an app's limits reaches
// nobody where Descriptor.AppLimits is empty.
func (k *kit) rateCoverage(d social.Descriptor) []Finding {
	ofApp := func(c Case) bool {
		return c.Want.Scope == social.ScopeApp ||
			slices.ContainsFunc(c.Want.Rates, func(r CaseRate) bool { return r.Scope == social.ScopeApp })
	}
	if len(d.AppLimits) > 0 {
		return k.demand(ofApp, "app", `AppLimits are set, but no case shows a limit of the app: want.rates or want.scope with "app"`)
	}
	if i := slices.IndexFunc(k.cases, ofApp); i >= 0 {
		return []Finding{findingf("app", "case %s tells of a limit of the app, but Descriptor.AppLimits is empty", k.cases[i].Name)}
	}
	return nil
}

// lookupCoverage demands that every setting with the tag lookup can be looked up,
// and that a look-up is of such a setting.
func (k *kit) lookupCoverage(p social.Provider) []Finding {
	var out []Finding
	fields := p.Descriptor().Settings.Fields()
	for _, f := range fields {
		if f.Lookup {
			shows := func(c Case) bool { return c.Call == "options" && c.works() && c.Field == f.Name }
			out = append(out, k.demand(shows, "lookup", "the setting %s has the tag lookup, but no case shows its options", f.Name)...)
		}
	}
	for _, c := range k.cases {
		known := slices.ContainsFunc(fields, func(f social.Field) bool { return f.Lookup && f.Name == c.Field })
		if c.Call == "options" && c.works() && !known {
			out = append(out, findingf("lookup", "case %s looks up %q, which is no setting with the tag lookup", c.Name, c.Field))
		}
	}
	return out
}

// itemCoverage demands an item of each kind that the descriptor offers.
func (k *kit) itemCoverage(d social.Descriptor) []Finding {
	var out []Finding
	posts := func(has func(CaseItem) bool) func(Case) bool {
		return func(c Case) bool { return (c.publishes() || c.works() && c.Call == "prepare") && has(c.Item) }
	}
	if d.Limits.Replies > 0 {
		out = append(out, k.demand(posts(func(i CaseItem) bool { return i.Parent != nil }), "reply",
			"Limits.Replies is %d, but no case shows a reply (item.parent)", d.Limits.Replies)...)
	}
	if len(offered(d.Limits.Media)) > 0 {
		out = append(out, k.demand(posts(func(i CaseItem) bool { return len(i.Media) > 0 }), "media",
			"media are offered, but no case publishes one")...)
	}
	if len(d.Settings.Fields()) > 0 {
		out = append(out, k.demand(posts(func(i CaseItem) bool { return len(i.Settings) > 0 }), "settings",
			"there are settings, but no case uses one")...)
	}
	return out
}

// lostAnswer demands the two halves of "an answer was lost, and nothing was
// published twice": the loss, and what clears it up.
func (k *kit) lostAnswer(p social.Provider) []Finding {
	find := social.CapabilitiesOf(p).Find != nil
	if !find && p.Descriptor().Dedupe == 0 {
		return nil
	}
	lost := func(c Case) bool {
		return c.Call == "publish" && c.loses() && c.Want.Code == social.CodeOutcomeUnknown
	}
	found := func(c Case) bool {
		return c.Call == "find" && (c.Want.Ref != nil || c.Want.Found != nil && *c.Want.Found)
	}
	out := k.demand(lost, "lost", "no case drops the answer to a publish and wants outcome_unknown")
	if find {
		out = append(out, k.demand(found, "found", "no case finds an item whose answer was lost")...)
	}
	return out
}

// publishes reports whether the case shows a publication that works.
func (c Case) publishes() bool { return c.Call == "publish" && c.works() }

func (c Case) loses() bool {
	for _, e := range c.Exchanges {
		if e.Response.Drop {
			return true
		}
	}
	return false
}

// callsOf names the calls that a capability is made of.
func callsOf(capability string) []string {
	switch capability {
	case "connect_redirect":
		return []string{"connect_begin", "connect_finish"}
	case "prepare":
		return []string{"prepare", "check"}
	case "choose":
		return []string{"choices"}
	case "limits_by_account":
		return []string{"limits"}
	case "site":
		return nil // a site is pages; its provider tests them itself.
	}
	return []string{capability}
}
