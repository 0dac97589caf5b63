package memstore_test

import (
	"testing"

	"github.com/crierhq/crier/adapters/memstore"
	"github.com/crierhq/crier/ports/store"
	"github.com/crierhq/crier/testkit/storetest"
)

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, storetest.Harness{Open: func(testing.TB) store.Store { return memstore.New() }})
}
