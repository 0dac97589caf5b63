package rest

import (
	"context"

	"github.com/crierhq/crier/ports/social"
)

// Over says, as a *social.Error of CodeUnavailable, why a call that needs no
// request is not made any more: its context has ended. Nil: it has not.
func Over(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return &social.Error{Code: social.CodeUnavailable, Message: "There was no time left for this.", Err: err}
	}
	return nil
}
