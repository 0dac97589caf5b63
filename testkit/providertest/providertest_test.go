package providertest_test

import (
	"os"
	"testing"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/testkit/providertest"
)

func harness() providertest.Harness {
	return providertest.Harness{
		New:    func(d social.Deps) (social.Provider, error) { return newMurmur(d), nil },
		Cases:  os.DirFS("testdata/murmur"),
		Golden: "testdata/murmur.schema.json",
		Source: os.DirFS("testdata/source/clean"),
	}
}

func TestRightProviderHasNoFindings(t *testing.T) {
	t.Parallel()
	for _, f := range providertest.Findings(t.Context(), harness()) {
		t.Error(f)
	}
	providertest.Run(t, harness())
}
