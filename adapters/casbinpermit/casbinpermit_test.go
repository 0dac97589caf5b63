package casbinpermit_test

import (
	"testing"

	"github.com/crierhq/crier/adapters/casbinpermit"
	"github.com/crierhq/crier/ports/permit"
	"github.com/crierhq/crier/testkit/permittest"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	permittest.Run(t, func(policy string) (permit.Policy, error) {
		return casbinpermit.New(casbinpermit.Config{Policy: policy})
	})
}

func TestTheZeroConfigIsTheOwnPolicy(t *testing.T) {
	t.Parallel()
	p, err := casbinpermit.New(casbinpermit.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if !p.May("o", "viewer", permit.Posts, permit.Read) || p.May("o", "viewer", permit.Posts, permit.Create) {
		t.Error("a viewer reads posts and writes none")
	}
}

func TestAModelThatIsNone(t *testing.T) {
	t.Parallel()
	for _, m := range []string{"x", "[matchers]\nm = true", "[request_definition]\nr = a\n[policy_definition]\np = a\n[policy_effect]\ne = some(where (p.eft == allow))\n[matchers]\nm = nothing(r.a)"} {
		if _, err := casbinpermit.New(casbinpermit.Config{Model: m}); err == nil {
			t.Errorf("%q is taken for a model", m)
		}
	}
}

func BenchmarkMay(b *testing.B) {
	p, err := casbinpermit.New(casbinpermit.Config{})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		_ = p.May("01900000-0000-7000-8000-000000000000", "viewer", permit.Posts, permit.Create)
	}
}
