// Package casbinpermit reads policies with casbin, whose form they are written
// in. To enforce takes casbin some ten microseconds, too long for what every
// request asks several times; but the questions are few, and a policy never
// changes. So casbin answers all of them once, in New.
package casbinpermit

import (
	"fmt"

	"github.com/casbin/casbin/v2"
	"github.com/casbin/casbin/v2/model"
	stringadapter "github.com/casbin/casbin/v2/persist/string-adapter"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/permit"
)

// Config says what to read. The zero value is Crier's own policy.
type Config struct {
	// Model says how the policy is read. Default permit.ModelText.
	Model string
	// Policy holds the rules. Default permit.PolicyText.
	Policy string
}

// Policy implements permit.Policy.
type Policy struct{ granted map[question]bool }

var _ permit.Policy = (*Policy)(nil)

// question is what a policy is asked. An organization without rules of its own
// is the empty one.
type question struct {
	org  domain.OrganizationID
	role domain.Role
	res  permit.Resource
	act  permit.Action
}

// New reads a policy. It refuses what permit.Parse refuses, for casbin takes any
// word for a role, a resource or an action.
func New(cfg Config) (*Policy, error) {
	if cfg.Model == "" {
		cfg.Model = permit.ModelText()
	}
	if cfg.Policy == "" {
		cfg.Policy = permit.PolicyText()
	}
	table, err := permit.Parse(cfg.Policy)
	if err != nil {
		return nil, fmt.Errorf("casbinpermit: %w", err)
	}
	m, err := model.NewModelFromString(cfg.Model)
	if err != nil {
		return nil, fmt.Errorf("casbinpermit: model: %w", err)
	}
	e, err := casbin.NewEnforcer(m, stringadapter.NewAdapter(cfg.Policy))
	if err != nil {
		return nil, fmt.Errorf("casbinpermit: policy: %w", err)
	}
	p := &Policy{granted: map[question]bool{}}
	for _, org := range append(table.Organizations(), "") {
		if err := p.ask(e, org); err != nil {
			return nil, fmt.Errorf("casbinpermit: %w", err)
		}
	}
	return p, nil
}

// ask puts all questions about org.
func (p *Policy) ask(e *casbin.Enforcer, org domain.OrganizationID) error {
	for _, role := range permit.Roles() {
		for _, res := range permit.Resources() {
			for _, act := range permit.Actions() {
				ok, err := e.Enforce(permit.Subject(role), string(org), string(res), string(act))
				if err != nil {
					return err
				}
				p.granted[question{org, role, res, act}] = ok
			}
		}
	}
	return nil
}

// May implements permit.Policy.
func (p *Policy) May(org domain.OrganizationID, role domain.Role, res permit.Resource, act permit.Action) bool {
	ok, special := p.granted[question{org, role, res, act}]
	if !special {
		ok = p.granted[question{"", role, res, act}]
	}
	return ok
}
