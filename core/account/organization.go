package account

import (
	"context"
	"fmt"
	"time"

	"github.com/crierhq/crier/core/audit"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/permit"
	"github.com/crierhq/crier/ports/store"
)

// maxLateWindow bounds how late a post may be.
const maxLateWindow = 30 * 24 * time.Hour

// OrganizationSettings is what an organization decides about publishing.
type OrganizationSettings struct {
	// RequireApproval says that what members write who may not approve waits
	// for an approval.
	RequireApproval bool
	// LateWindow is how long after its time a post may still be published; zero
	// means the installation's own. At most 30 days.
	LateWindow time.Duration
	// Version is that of the organization that was read; 0: whichever it has.
	Version int
}

// ConfigureOrganization replaces the settings of the actor's organization. They
// hold for everything that has not begun to be published. Errors: Invalid, Stale.
func (s *Service) ConfigureOrganization(ctx context.Context, a domain.Actor, in OrganizationSettings) (domain.Organization, error) {
	if err := s.cfg.Access.Check(a, permit.Organization, permit.Update); err != nil {
		return domain.Organization{}, err
	}
	if in.LateWindow < 0 || in.LateWindow > maxLateWindow {
		return domain.Organization{}, fault.Check([]fault.Problem{{Field: "lateWindow", Rule: "range", Message: "A post may be late by 30 days at most, and not by less than nothing."}})
	}
	return s.setOrganization(ctx, a, in.Version, func(o *domain.Organization) {
		o.RequireApproval, o.LateWindow = in.RequireApproval, in.LateWindow
	})
}

// setOrganization changes what the actor's organization decides, and tells the
// audit log. Another version than this one is Stale; 0 is whichever it has.
func (s *Service) setOrganization(ctx context.Context, a domain.Actor, version int, change func(*domain.Organization)) (domain.Organization, error) {
	var out domain.Organization
	err := s.cfg.Store.InTx(ctx, func(ctx context.Context, r store.Repos) (err error) {
		var was domain.Organization
		out, err = r.Organizations().Update(ctx, a.Organization, func(o *domain.Organization) error {
			if version != 0 && o.Version != version {
				return fault.New(fault.Stale, "stale", "The organization was changed since you read it. Read it again first.")
			}
			was = *o
			change(o)
			return nil
		})
		if err != nil {
			return err
		}
		changes := audit.Settings(was, out)
		if len(changes) == 0 {
			return nil
		}
		return s.cfg.Audit.Append(ctx, r, a, audit.Organization(out, "organization.configured", changes...))
	})
	if err != nil {
		return domain.Organization{}, fmt.Errorf("configure organization %s: %w", a.Organization, err)
	}
	return out, nil
}
