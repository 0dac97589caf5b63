package memrecur_test

import (
	"testing"

	"github.com/crierhq/crier/adapters/memrecur"
	"github.com/crierhq/crier/ports/recur"
	"github.com/crierhq/crier/testkit/recurtest"
)

var _ recur.Expander = (*memrecur.Expander)(nil)

func TestConformance(t *testing.T) {
	t.Parallel()
	recurtest.Run(t, recurtest.Harness{Expander: memrecur.New()})
}
