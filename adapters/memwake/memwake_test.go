package memwake_test

import (
	"testing"

	"github.com/crierhq/crier/adapters/memwake"
	"github.com/crierhq/crier/ports/wake"
	"github.com/crierhq/crier/testkit/waketest"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	waketest.Run(t, waketest.Harness{Open: func(testing.TB) waketest.Installation {
		b := memwake.New()
		return waketest.Installation{Bell: func() wake.Bell { return b }}
	}})
}
