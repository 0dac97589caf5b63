// Package access decides who may do what. It turns the answers of the policy
// (ports/permit), which grants all there is, into faults; it grants nothing
// itself.
package access

import (
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/permit"
)

// Checker asks a policy. It is safe for concurrent use.
type Checker struct{ policy permit.Policy }

// New returns a Checker that asks policy.
func New(policy permit.Policy) *Checker { return &Checker{policy: policy} }

// Check returns a fault.Denied error if a may not do act to things of the kind
// res in its organization, and a fault.Unauthenticated one if it is in none.
func (c *Checker) Check(a domain.Actor, res permit.Resource, act permit.Action) error {
	if a.Organization == "" {
		return fault.New(fault.Unauthenticated, "no_organization", "Sign in first.")
	}
	if err := lent(a, res, act); err != nil {
		return err
	}
	if c.policy.May(a.Organization, a.Role, res, act) || a.Operator && c.policy.May(a.Organization, permit.Operator, res, act) {
		return nil
	}
	if res == permit.Installation {
		return fault.New(fault.Denied, "not_operator", "Only the owner of this installation may do this.")
	}
	return fault.New(fault.Denied, "not_allowed", "Your role in this organization does not allow this.")
}

// CheckOwned is Check for one thing of the kind res that maker made: what is
// somebody else's takes the right to change things of others, too. What a
// program made is its own where no person acts.
func (c *Checker) CheckOwned(a domain.Actor, res permit.Resource, act permit.Action, maker domain.UserID) error {
	if err := c.Check(a, res, act); err != nil || maker == a.User {
		return err
	}
	if others, ok := permit.OfOthers(res); ok {
		return c.Check(a, others, act)
	}
	return nil
}
