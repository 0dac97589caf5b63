package rest_test

import (
	"context"
	"errors"
	"testing"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/rest"
)

func TestOver(t *testing.T) {
	t.Parallel()
	if err := rest.Over(t.Context()); err != nil {
		t.Errorf("got %v, want nothing", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := rest.Over(ctx); social.CodeOf(err) != social.CodeUnavailable || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that nothing happened, and why", err)
	}
}
