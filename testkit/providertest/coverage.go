package providertest

import (
	"context"

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
	var out []Finding
	demand := func(has bool, part, format string, args ...any) {
		if !has {
			out = append(out, findingf(part, format, args...))
		}
	}
	any := func(match func(Case) bool) bool {
		for _, c := range k.cases {
			if match(c) {
				return true
			}
		}
		return false
	}
	posts := func(c Case) bool { return c.works() && (c.Call == "publish" || c.Call == "prepare") }
	demand(any(func(c Case) bool { return c.works() && c.Call == "publish" }), "publish", "no case shows a publication that works")
	for _, code := range wantCodes() {
		demand(any(func(c Case) bool { return c.Want.Code == code }), string(code), "no case shows the code %q", code)
	}
	for _, name := range social.CapabilitiesOf(p).Names() {
		for _, call := range callsOf(name) {
			demand(any(func(c Case) bool { return c.Call == call && c.works() }), call,
				"the provider has the capability %s, but no case shows %s work", name, call)
		}
	}
	d := p.Descriptor()
	demand(d.Limits.Replies == 0 || any(func(c Case) bool { return posts(c) && c.Item.Parent != nil }), "reply",
		"Limits.Replies is %d, but no case shows a reply (item.parent)", d.Limits.Replies)
	m := d.Limits.Media
	demand(m.Images+m.Videos+m.Documents == 0 || any(func(c Case) bool { return posts(c) && len(c.Item.Media) > 0 }), "media",
		"media are offered, but no case publishes one")
	demand(len(d.Settings.Fields()) == 0 || any(func(c Case) bool { return posts(c) && len(c.Item.Settings) > 0 }), "settings",
		"there are settings, but no case uses one")
	out = append(out, k.lostAnswer(p, any)...)
	return out
}

// lostAnswer demands the two halves of "an answer was lost, and nothing was
// published twice": the loss, and what clears it up.
func (k *kit) lostAnswer(p social.Provider, any func(func(Case) bool) bool) []Finding {
	find := social.CapabilitiesOf(p).Find != nil
	if !find && p.Descriptor().Dedupe == 0 {
		return nil
	}
	var out []Finding
	if !any(func(c Case) bool { return c.Call == "publish" && c.loses() && c.Want.Code == social.CodeOutcomeUnknown }) {
		out = append(out, findingf("lost", "no case drops the answer to a publish and wants outcome_unknown"))
	}
	found := func(c Case) bool {
		return c.Call == "find" && (c.Want.Ref != nil || c.Want.Found != nil && *c.Want.Found)
	}
	if find && !any(found) {
		out = append(out, findingf("found", "no case finds an item whose answer was lost"))
	}
	return out
}

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
	case "limits_by_account":
		return []string{"limits"}
	case "site":
		return nil // a site is pages; its provider tests them itself.
	}
	return []string{capability}
}
