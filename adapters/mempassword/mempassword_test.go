package mempassword_test

import (
	"testing"

	"github.com/crierhq/crier/adapters/mempassword"
	"github.com/crierhq/crier/ports/password"
	"github.com/crierhq/crier/testkit/passwordtest"
)

func TestConformance(t *testing.T) { //nolint:paralleltest // the kit measures time
	passwordtest.Run(t, passwordtest.Harness{
		New: func() (password.Hasher, error) { return mempassword.New(mempassword.Config{}) },
		Retuned: func() (password.Hasher, error) {
			return mempassword.New(mempassword.Config{Iterations: 3000, Parallel: 1})
		},
	})
}

func TestNewRefusesNonsense(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]mempassword.Config{
		"negative iterations":  {Iterations: -1},
		"too many iterations":  {Iterations: 1 << 30},
		"negative parallelism": {Parallel: -1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if h, err := mempassword.New(cfg); err == nil {
				t.Errorf("got %v, want an error", h)
			}
		})
	}
}
