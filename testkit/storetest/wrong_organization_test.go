package storetest_test

import (
	"context"
	"slices"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/store"
)

// leavesBehind removes an organization alone.
type leavesBehind struct {
	store.Organizations
	invitations store.Invitations
}

func (l leavesBehind) Delete(ctx context.Context, id domain.OrganizationID) error {
	vs, err := l.invitations.List(ctx, id, store.Page{Limit: 100})
	if err != nil {
		return err
	}
	if err := l.Organizations.Delete(ctx, id); err != nil {
		return err
	}
	for _, v := range vs {
		if err := l.invitations.Insert(ctx, id, v); err != nil {
			return err
		}
	}
	return nil
}

// newcomersFirst lists the newest members first.
type newcomersFirst struct{ store.Members }

func (n newcomersFirst) List(ctx context.Context, org domain.OrganizationID, p store.Page) ([]domain.Member, error) {
	out, err := n.Members.List(ctx, org, p)
	slices.Reverse(out)
	return out, err
}

// countsAll counts members of every role.
type countsAll struct{ store.Members }

func (c countsAll) Count(ctx context.Context, org domain.OrganizationID, _ domain.Role) (int, error) {
	out, err := c.List(ctx, org, store.Page{Limit: 1000})
	return len(out), err
}

// staysOn ends no membership.
type staysOn struct{ store.Members }

func (s staysOn) Delete(ctx context.Context, org domain.OrganizationID, user domain.UserID) error {
	_, err := s.Get(ctx, org, user)
	return err
}

// anybodysInvitations removes invitations of every tenant.
type anybodysInvitations struct{ store.Invitations }

func (a anybodysInvitations) Delete(ctx context.Context, _ domain.OrganizationID, id domain.InvitationID) error {
	return a.Invitations.Delete(ctx, "org-ours", id)
}
