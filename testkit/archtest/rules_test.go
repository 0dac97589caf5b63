package archtest_test

import (
	"path"
	"strings"
)

const module = "github.com/crierhq/crier"

// rule says what the packages in the folder from and below may import besides
// themselves. A path stands for the folder and all below it, one that ends in *
// for everything that begins so.
type rule struct {
	from  string
	local []string // inside the module
	tests []string // inside the module, for test files only
	// third says that packages of others are fine. Without it, the folder costs
	// an embedder nothing, and neither do its tests: they count for go.sum too.
	third bool
}

// kits are what tests may use besides what their package may.
var kits = []string{"testkit", "adapters/mem*"}

// The first rule that matches a folder applies; a folder without a rule fails.
// See docs/architecture.md for the picture.
var rules = []rule{
	{from: "core/fault"},
	{from: "core/domain", local: []string{"core/fault"}},
	{from: "core", local: []string{"core/*", "ports"}, tests: []string{"core", "providers"}},

	{from: "ports", local: []string{"core/domain", "core/fault"}},

	{from: "adapters/mem*", local: []string{"core/domain", "core/fault", "ports"}},
	{from: "adapters/httpapi", local: []string{"core", "ports"}, tests: []string{"providers"}, third: true},
	{from: "adapters", local: []string{"core/domain", "core/fault", "ports"}, third: true},

	{from: "providers/all", local: []string{"core/domain", "core/fault", "ports/social", "providers"}},
	{from: "providers", local: []string{"core/domain", "core/fault", "ports/social", "providers/kit"}},

	{from: "testkit/peers", local: []string{"core", "ports", "adapters", "providers", "testkit"}},
	{from: "testkit/enginetest", local: []string{"core", "ports", "testkit", "adapters/mem*"}, tests: []string{"providers"}},
	{from: "testkit/simulation", local: []string{"core", "ports", "testkit", "adapters/mem*"}},
	{from: "testkit/simulator", local: []string{"testkit/simulator", "ports/social"}, tests: []string{"core", "ports", "providers", "adapters/mem*"}},
	{from: "testkit", local: []string{"core/domain", "core/fault", "ports", "testkit", "adapters/mem*"}, tests: []string{"providers/kit"}},

	{from: "apps/internal/sim", local: []string{"core/domain", "ports", "adapters/bunstore", "testkit/simulation"}, tests: []string{"adapters", "apps/internal/mutant"}, third: true},
	{from: "apps/internal/simulate", local: []string{"core", "ports", "adapters", "providers", "apps", "testkit/simulator"}, third: true},
	{from: "apps", local: []string{"core", "ports", "adapters", "providers", "client", "apps"}, third: true},
	{from: "client"},
	{from: "docs", local: []string{"core", "ports", "adapters", "providers", "client", "testkit"}, third: true},
}

// ruleFor finds the rule of a folder.
func ruleFor(dir string) (rule, bool) {
	for _, r := range rules {
		if matches(dir, r.from) {
			return r, true
		}
	}
	return rule{}, false
}

// allows reports whether a file in dir may import imp.
func (r rule) allows(dir, imp string, test bool) bool {
	if first, _, _ := strings.Cut(imp, "/"); !strings.Contains(first, ".") {
		return true // standard library
	}
	in, local := strings.CutPrefix(imp, module+"/")
	switch {
	case !local:
		return r.third
	case matches(in, unit(dir)):
		return true
	case matchesAny(in, r.local):
		return true
	}
	return test && (matchesAny(in, r.tests) || matchesAny(in, kits))
}

// unit is what belongs together: an adapter, a provider or a port with the
// packages inside it, elsewhere the folder and what is below.
func unit(dir string) string {
	parts := strings.Split(dir, "/")
	if len(parts) > 2 && (parts[0] == "adapters" || parts[0] == "providers" || parts[0] == "ports") {
		return path.Join(parts[:2]...)
	}
	return dir
}

func matches(dir, pattern string) bool {
	if prefix, ok := strings.CutSuffix(pattern, "*"); ok {
		return strings.HasPrefix(dir, prefix)
	}
	return dir == pattern || strings.HasPrefix(dir, pattern+"/")
}

func matchesAny(dir string, patterns []string) bool {
	for _, p := range patterns {
		if matches(dir, p) {
			return true
		}
	}
	return false
}
