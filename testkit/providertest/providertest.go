// Package providertest is the conformance kit that every provider must pass.
//
// A contributor writes one test function and a folder of JSON cases:
//
//	func TestConformance(t *testing.T) {
//		t.Parallel()
//		providertest.Run(t, providertest.Harness{
//			New: func(d social.Deps) (social.Provider, error) {
//				return murmur.New(murmur.Config{ClientID: "id", ClientSecret: "s"}, d)
//			},
//			Cases:  os.DirFS("testdata/cases"),
//			Golden: "testdata/settings.schema.json",
//		})
//	}
//
// The checks do not call testing.T: they return Findings, and Run reports
// them. That is what lets the kit be tested against providers that are wrong
// on purpose.
package providertest

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/crierhq/crier/ports/social"
)

// Harness is what the kit needs to exercise one provider.
type Harness struct {
	// New builds the provider. It is called many times; every provider it
	// returns must work with nothing but the Deps of that call.
	New func(social.Deps) (social.Provider, error)
	// Cases holds *.json files, each one scripted call. See Case.
	Cases fs.FS
	// Golden is the file that keeps the settings schema. `go test -update`
	// writes it. Empty: the provider has no settings.
	Golden string
	// Source holds the provider's .go files; nil: the folder that the test runs
	// in, which is the provider's own.
	Source fs.FS
	// Waive names what this provider cannot pass, with the reason. A name is a
	// check ("cancel"), or a check and a part of it ("coverage/rate_limited",
	// "cases/publish_lost"). A waiver that waives nothing is itself a finding.
	Waive map[string]string
}

// Finding is one way a provider falls short.
type Finding struct {
	// Check is the name of the check.
	Check string
	// Part is the case, or the part of the check; it may be empty.
	Part string
	// Detail says what is wrong.
	Detail string
}

// String renders a Finding for a test log.
func (f Finding) String() string {
	if f.Part != "" {
		return fmt.Sprintf("%s/%s: %s", f.Check, f.Part, f.Detail)
	}
	return fmt.Sprintf("%s: %s", f.Check, f.Detail)
}

// check is one promise of ports/social. It returns findings without Check.
type check struct {
	name string
	run  func(ctx context.Context, k *kit) []Finding
	// cases reports by case, so that every case is a subtest.
	cases bool
}

func checks() []check {
	return []check{
		{name: "descriptor", run: checkDescriptor},
		{name: "connector", run: checkConnector},
		{name: "cases", run: checkCases, cases: true},
		{name: "coverage", run: checkCoverage},
		{name: "cancel", run: checkCancel, cases: true},
		{name: "read-only", run: checkReadOnly, cases: true},
		{name: "purity", run: checkPurity, cases: true},
		{name: "failures", run: checkFailures, cases: true},
		{name: "repeat", run: checkRepeat, cases: true},
		{name: "concurrency", run: checkConcurrency, cases: true},
		{name: "globals", run: checkGlobals},
	}
}

// kit is a Harness with its cases read.
type kit struct {
	Harness
	cases []Case
}

// Run runs every check as a subtest, and every case as a subtest of its own.
// With the test flag -update it writes Harness.Golden first.
func Run(t *testing.T, h Harness) {
	t.Helper()
	k, err := open(h)
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := k.writeGolden(); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range checks() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			k.report(t, c, k.verdict(t.Context(), c))
		})
	}
	for _, f := range k.strayWaivers() {
		t.Error(f)
	}
}

// report makes a subtest of every part that has findings, and of every case.
func (k *kit) report(t *testing.T, c check, found []Finding) {
	t.Helper()
	byPart := map[string][]Finding{}
	if c.cases {
		for _, one := range k.cases {
			byPart[one.Name] = nil
		}
	}
	for _, f := range found {
		byPart[f.Part] = append(byPart[f.Part], f)
	}
	for _, part := range slices.Sorted(maps.Keys(byPart)) {
		if part == "" {
			reportTo(t, byPart[part])
			continue
		}
		t.Run(part, func(t *testing.T) {
			t.Parallel()
			reportTo(t, byPart[part])
		})
	}
}

func reportTo(t *testing.T, found []Finding) {
	t.Helper()
	for _, f := range found {
		t.Error(f)
	}
}

// Findings runs every check and returns what is wrong, for tools. It reads
// Harness.Golden and never writes it.
func Findings(ctx context.Context, h Harness) []Finding {
	k, err := open(h)
	if err != nil {
		return []Finding{{Check: "harness", Detail: err.Error()}}
	}
	var out []Finding
	for _, c := range checks() {
		out = append(out, k.verdict(ctx, c)...)
	}
	return append(out, k.strayWaivers()...)
}

func open(h Harness) (*kit, error) {
	if h.New == nil || h.Cases == nil {
		return nil, errors.New("providertest: Harness needs New and Cases")
	}
	cases, err := readCases(h.Cases)
	if err != nil {
		return nil, err
	}
	return &kit{Harness: h, cases: cases}, nil
}

// verdict is what a check found, after the waivers.
func (k *kit) verdict(ctx context.Context, c check) []Finding {
	found := c.run(ctx, k)
	for i := range found {
		found[i].Check = c.name
	}
	for _, name := range slices.Sorted(maps.Keys(k.Waive)) {
		checkName, part, _ := strings.Cut(name, "/")
		if checkName != c.name {
			continue
		}
		hit := func(f Finding) bool { return part == "" || f.Part == part }
		switch {
		case strings.TrimSpace(k.Waive[name]) == "":
			found = append(found, Finding{Check: c.name, Part: part, Detail: "waived without a reason"})
		case !slices.ContainsFunc(found, hit):
			found = append(found, Finding{Check: c.name, Part: part, Detail: "waived, but passes: remove the waiver"})
		default:
			found = slices.DeleteFunc(found, hit)
		}
	}
	return found
}

func (k *kit) strayWaivers() []Finding {
	var out []Finding
	for _, name := range slices.Sorted(maps.Keys(k.Waive)) {
		checkName, _, _ := strings.Cut(name, "/")
		if !slices.ContainsFunc(checks(), func(c check) bool { return c.name == checkName }) {
			out = append(out, Finding{Check: "waivers", Part: name, Detail: "there is no such check"})
		}
	}
	return out
}

func findingf(part, format string, args ...any) Finding {
	return Finding{Part: part, Detail: fmt.Sprintf(format, args...)}
}

// update is declared here, so that providers need not: go test -update.
var update = flag.Bool("update", false, "write the golden files anew")
