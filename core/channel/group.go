package channel

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/crierhq/crier/core/audit"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/permit"
	"github.com/crierhq/crier/ports/store"
)

// maxGroupName bounds the name of a group, in characters.
const maxGroupName = 128

// Groups returns the groups of the actor's organization, the oldest first.
func (s *Service) Groups(ctx context.Context, a domain.Actor, p store.Page) ([]domain.Group, error) {
	if err := s.cfg.Access.Check(a, permit.Groups, permit.Read); err != nil {
		return nil, err
	}
	out, err := s.cfg.Store.Groups().List(ctx, a.Organization, p)
	if err != nil {
		return nil, fmt.Errorf("list groups: %w", err)
	}
	return out, nil
}

// CreateGroup makes a group without channels. Errors: Invalid; Conflict
// "group_exists".
func (s *Service) CreateGroup(ctx context.Context, a domain.Actor, name string) (domain.Group, error) {
	if err := s.cfg.Access.Check(a, permit.Groups, permit.Create); err != nil {
		return domain.Group{}, err
	}
	name, err := groupName(name)
	if err != nil {
		return domain.Group{}, err
	}
	g := domain.Group{
		ID: domain.GroupID(s.cfg.NewID()), Organization: a.Organization, Name: name, CreatedAt: domain.Instant(s.cfg.Now()), Version: 1,
	}
	err = s.cfg.Store.InTx(ctx, func(ctx context.Context, r store.Repos) error {
		if err := r.Groups().Insert(ctx, a.Organization, g); err != nil {
			return err
		}
		return s.cfg.Audit.Append(ctx, r, a, audit.Group(g, "group.created"))
	})
	return g, groupFault(err)
}

// RenameGroup gives a group another name. version is that of the group that was
// read; 0: whichever it has. Errors: Invalid; NotFound; Stale; Conflict
// "group_exists".
func (s *Service) RenameGroup(ctx context.Context, a domain.Actor, id domain.GroupID, version int, name string) (domain.Group, error) {
	if err := s.cfg.Access.Check(a, permit.Groups, permit.Update); err != nil {
		return domain.Group{}, err
	}
	name, err := groupName(name)
	if err != nil {
		return domain.Group{}, err
	}
	var out domain.Group
	err = s.cfg.Store.InTx(ctx, func(ctx context.Context, r store.Repos) (err error) {
		var was string
		out, err = r.Groups().Update(ctx, a.Organization, id, func(g *domain.Group) error {
			if version != 0 && g.Version != version {
				return fault.New(fault.Stale, "stale", "The customer was changed since you read it. Read it again first.")
			}
			was, g.Name = g.Name, name
			return nil
		})
		if err != nil || was == name {
			return err
		}
		return s.cfg.Audit.Append(ctx, r, a, audit.Group(out, "group.renamed", audit.Changes([3]string{"name", was, name})...))
	})
	return out, groupFault(err)
}

// DeleteGroup removes a group. Its channels stay, and are in none then. Errors:
// NotFound.
func (s *Service) DeleteGroup(ctx context.Context, a domain.Actor, id domain.GroupID) error {
	if err := s.cfg.Access.Check(a, permit.Groups, permit.Delete); err != nil {
		return err
	}
	return groupFault(s.cfg.Store.InTx(ctx, func(ctx context.Context, r store.Repos) error {
		g, err := r.Groups().Get(ctx, a.Organization, id)
		if err != nil {
			return err
		}
		if err := r.Groups().Delete(ctx, a.Organization, id); err != nil {
			return err
		}
		return s.cfg.Audit.Append(ctx, r, a, audit.Group(g, "group.deleted"))
	}))
}

// SetGroup puts a channel into a group, or into none if group is empty. seen is as
// for SetGap. Errors: NotFound for the channel; Invalid for the group; Stale.
func (s *Service) SetGroup(ctx context.Context, a domain.Actor, id domain.ChannelID, seen string, group domain.GroupID) (domain.Channel, error) {
	if err := s.cfg.Access.Check(a, permit.Groups, permit.Update); err != nil {
		return domain.Channel{}, err
	}
	return s.configure(ctx, a, id, seen, func(ctx context.Context, r store.Repos) error {
		if group == "" {
			return nil
		}
		// It is locked, so that it is not deleted before the channel is in it.
		_, err := r.Groups().Update(ctx, a.Organization, group, func(*domain.Group) error { return nil })
		if errors.Is(err, fault.ErrNotFound) {
			return fault.Check([]fault.Problem{{Field: "group", Rule: "not_found", Message: "There is no such group."}})
		}
		return err
	}, func(c *domain.Channel) []domain.AuditChange {
		changes := audit.Changes([3]string{"group", string(c.Group), string(group)})
		c.Group = group
		return changes
	})
}

func groupName(name string) (string, error) {
	name = strings.TrimSpace(name)
	p := fault.Problem{Field: "name"}
	switch n := utf8.RuneCountInString(name); {
	case n == 0:
		p.Rule, p.Message = "required", "Give the group a name."
	case n > maxGroupName:
		p.Rule, p.Message = "too_long", fmt.Sprintf("This has %d characters; %d are allowed.", n, maxGroupName)
	case !utf8.ValidString(name) || strings.ContainsRune(name, 0):
		p.Rule, p.Message = "characters", "This holds characters that cannot be stored."
	default:
		return name, nil
	}
	return "", fault.Check([]fault.Problem{p})
}

func groupFault(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fault.ErrNotFound):
		return fault.Missing("group")
	case errors.Is(err, fault.ErrConflict):
		return fault.New(fault.Conflict, "group_exists", "There is a group of this name already.")
	default:
		return fmt.Errorf("group: %w", err)
	}
}
