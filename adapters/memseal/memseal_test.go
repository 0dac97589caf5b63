package memseal_test

import (
	"testing"

	"github.com/crierhq/crier/adapters/memseal"
	"github.com/crierhq/crier/ports/seal"
	"github.com/crierhq/crier/testkit/sealtest"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	sealtest.Run(t, sealtest.Harness{New: func() (seal.Sealer, error) { return memseal.New() }})
}

func TestEachSealerHasItsOwnKey(t *testing.T) {
	t.Parallel()
	a, errA := memseal.New()
	b, errB := memseal.New()
	if errA != nil || errB != nil {
		t.Fatal(errA, errB)
	}
	sealed, err := a.Seal(t.Context(), []byte("secret"), "b")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := b.Open(t.Context(), sealed, "b"); err == nil {
		t.Errorf("another sealer opened it as %q", got)
	}
	if !b.Stale("v1.k.AAAA") {
		t.Error("a text of another kind of sealer is not stale")
	}
}
