package permittest_test

import (
	"strings"
	"testing"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/permit"
	"github.com/crierhq/crier/testkit/permittest"
)

// may is a permit.Policy that is a function.
type may func(org domain.OrganizationID, role domain.Role, res permit.Resource, act permit.Action) bool

func (m may) May(org domain.OrganizationID, role domain.Role, res permit.Resource, act permit.Action) bool {
	return m(org, role, res, act)
}

func table(policy string) (permit.Policy, error) { return permit.Parse(policy) }

// around reads policies rightly and spoils what they are asked or answer.
func around(change func(right permit.Policy) may) permittest.Reader {
	return func(policy string) (permit.Policy, error) {
		t, err := permit.Parse(policy)
		return change(t), err
	}
}

func TestTheKitAgreesWithTheTable(t *testing.T) {
	t.Parallel()
	permittest.Run(t, table)
}

func TestTheKitFindsWhatIsWrong(t *testing.T) {
	t.Parallel()
	cases := map[string]permittest.Reader{
		"grants all": around(func(permit.Policy) may {
			return func(domain.OrganizationID, domain.Role, permit.Resource, permit.Action) bool { return true }
		}),
		"grants nothing": around(func(permit.Policy) may {
			return func(domain.OrganizationID, domain.Role, permit.Resource, permit.Action) bool { return false }
		}),
		"forgets the organization": around(func(right permit.Policy) may {
			return func(_ domain.OrganizationID, role domain.Role, res permit.Resource, act permit.Action) bool {
				return right.May("o", role, res, act)
			}
		}),
		"forgets the action": around(func(right permit.Policy) may {
			return func(org domain.OrganizationID, role domain.Role, res permit.Resource, _ permit.Action) bool {
				return right.May(org, role, res, permit.Read)
			}
		}),
		"takes a prefix twice": around(func(right permit.Policy) may {
			return func(org domain.OrganizationID, role domain.Role, res permit.Resource, act permit.Action) bool {
				return right.May(org, domain.Role(strings.TrimPrefix(string(role), "role:")), res, act)
			}
		}),
		"takes any case": around(func(right permit.Policy) may {
			return func(org domain.OrganizationID, role domain.Role, res permit.Resource, act permit.Action) bool {
				return right.May(org, domain.Role(strings.ToLower(string(role))), res, act)
			}
		}),
		"takes the owner for everybody": around(func(right permit.Policy) may {
			return func(org domain.OrganizationID, role domain.Role, res permit.Resource, act permit.Action) bool {
				return right.May(org, role, res, act) || role == domain.RoleOwner
			}
		}),
		"does not follow inclusions": func(policy string) (permit.Policy, error) {
			var rules []string
			for line := range strings.Lines(policy) {
				if !strings.HasPrefix(line, "g,") || !strings.Contains(line, "role:") {
					rules = append(rules, line)
				}
			}
			return permit.Parse(strings.Join(rules, ""))
		},
		"reads everything": func(policy string) (permit.Policy, error) {
			p, err := permit.Parse(policy)
			if err != nil {
				return &permit.Table{}, nil //nolint:nilerr // this one is wrong on purpose
			}
			return p, nil
		},
		"reads nothing": func(string) (permit.Policy, error) { return permit.Parse("x") },
	}
	for name, read := range cases {
		if len(permittest.Findings(read)) == 0 {
			t.Errorf("%s: got no finding", name)
		}
	}
}
