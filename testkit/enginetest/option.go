package enginetest

import (
	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/ports/store"
)

// WithStore is an option of New that has the engine work on st.
func WithStore(st store.Store) func(*core.Config) {
	return func(c *core.Config) { c.Store = st }
}
