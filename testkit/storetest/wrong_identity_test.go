package storetest_test

import (
	"context"
	"errors"
	"slices"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/store"
)

type staysBehind struct{ store.Users }

func (s staysBehind) Delete(ctx context.Context, id domain.UserID) error {
	_, err := s.Update(ctx, id, func(u *domain.User) error { u.Email = "gone-" + string(id); return nil })
	return err
}

type linksAny struct{ store.Identities }

func (s linksAny) Insert(ctx context.Context, i domain.Identity) error {
	if err := s.Identities.Insert(ctx, i); !errors.Is(err, fault.ErrConflict) {
		return err
	}
	return nil
}

type deletesAny struct{ store.Identities }

func (s deletesAny) Delete(ctx context.Context, _ domain.UserID, id domain.IdentityID) error {
	return s.Identities.Delete(ctx, "u", id)
}

type listsBackwards struct{ store.Identities }

func (s listsBackwards) OfUser(ctx context.Context, user domain.UserID) ([]domain.Identity, error) {
	out, err := s.Identities.OfUser(ctx, user)
	slices.Reverse(out)
	return out, err
}
