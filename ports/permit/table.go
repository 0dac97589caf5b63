package permit

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/crierhq/crier/core/domain"
)

// everywhere stands for every organization in a policy.
const everywhere = "*"

// rolePrefix keeps roles apart from everything else that a policy might name.
const rolePrefix = "role:"

// Subject is how a policy writes a role, such as "role:owner".
func Subject(role domain.Role) string { return rolePrefix + string(role) }

// Table is a Policy that was read from its text. The zero Table grants nothing.
type Table struct {
	rules    map[rule]bool
	included map[domain.Role][]domain.Role // the role itself, and all that it includes
	orgs     map[domain.OrganizationID]bool
}

type rule struct {
	role domain.Role
	org  domain.OrganizationID
	res  Resource
	act  Action
}

var _ Policy = (*Table)(nil)

// Default returns Crier's policy.
func Default() *Table {
	t, err := Parse(policyText)
	if err != nil {
		panic("permit: the policy is embedded, and a test reads it: " + err.Error())
	}
	return t
}

// Parse reads a policy. It reports every rule that is wrong at once, with its
// line: a role, resource or action that nobody knows would grant nothing, and so
// never be noticed.
func Parse(policy string) (*Table, error) {
	t := &Table{rules: map[rule]bool{}, included: map[domain.Role][]domain.Role{}, orgs: map[domain.OrganizationID]bool{}}
	includes := map[domain.Role][]domain.Role{}
	r := csv.NewReader(strings.NewReader(policy))
	r.Comment, r.TrimLeadingSpace, r.FieldsPerRecord = '#', true, -1
	var errs []error
	for {
		fields, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("policy: %w", err)
		}
		line, _ := r.FieldPos(0)
		if err := t.add(fields, includes); err != nil {
			errs = append(errs, fmt.Errorf("policy, line %d: %w", line, err))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	for _, role := range Roles() {
		t.included[role] = reach(role, includes, nil)
	}
	return t, nil
}

// add takes in one line.
func (t *Table) add(fields []string, includes map[domain.Role][]domain.Role) error {
	switch kind := fields[0]; {
	case kind == "p" && len(fields) == 5:
		role, err := roleOf(fields[1])
		ru := rule{role, domain.OrganizationID(fields[2]), Resource(fields[3]), Action(fields[4])}
		switch {
		case err != nil:
			return err
		case ru.org == "":
			return errors.New("the organization is missing; * is every one")
		case !known(ru.res, ru.act):
			return fmt.Errorf("nobody knows the resource %q or the action %q", ru.res, ru.act)
		case t.rules[ru]:
			return errors.New("this rule is there already")
		}
		t.rules[ru] = true
		if ru.org != everywhere {
			t.orgs[ru.org] = true
		}
		return nil
	case kind == "g" && len(fields) == 3:
		role, err := roleOf(fields[1])
		included, err2 := roleOf(fields[2])
		includes[role] = append(includes[role], included)
		return errors.Join(err, err2)
	default:
		return errors.New(`a rule is "p, role, organization, resource, action" or "g, role, included"`)
	}
}

func roleOf(subject string) (domain.Role, error) {
	name, ok := strings.CutPrefix(subject, rolePrefix)
	if role := domain.Role(name); ok && slices.Contains(Roles(), role) {
		return role, nil
	}
	return "", fmt.Errorf("%q is not a role; one is written %q", subject, Subject(domain.RoleOwner))
}

// reach adds role and all that it includes to found.
func reach(role domain.Role, includes map[domain.Role][]domain.Role, found []domain.Role) []domain.Role {
	if slices.Contains(found, role) {
		return found
	}
	found = append(found, role)
	for _, next := range includes[role] {
		found = reach(next, includes, found)
	}
	return found
}

// May implements Policy.
func (t *Table) May(org domain.OrganizationID, role domain.Role, res Resource, act Action) bool {
	for _, r := range t.included[role] {
		if t.rules[rule{r, everywhere, res, act}] || org != everywhere && t.rules[rule{r, org, res, act}] {
			return true
		}
	}
	return false
}

// Organizations lists the organizations that the policy has rules of their own
// for.
func (t *Table) Organizations() []domain.OrganizationID {
	var out []domain.OrganizationID
	for org := range t.orgs {
		out = append(out, org)
	}
	slices.Sort(out)
	return out
}
