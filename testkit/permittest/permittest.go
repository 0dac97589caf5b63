// Package permittest is the conformance kit of ports/permit.
//
// The checks return Findings instead of failing a test, so that the kit itself
// is tested with policies that are wrong on purpose.
package permittest

import (
	"fmt"
	"testing"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/permit"
)

// Reader makes a permit.Policy from the text of one, or refuses it.
type Reader func(policy string) (permit.Policy, error)

// Finding is one way in which an implementation breaks the contract.
type Finding struct {
	Check  string
	Detail string
}

// String renders a Finding for a test log.
func (f Finding) String() string { return f.Check + ": " + f.Detail }

// Run fails t for every Finding.
func Run(t *testing.T, read Reader) {
	t.Helper()
	for _, f := range Findings(read) {
		t.Error(f)
	}
}

// Findings runs every check and returns what is wrong.
func Findings(read Reader) []Finding {
	var out []Finding
	for name, text := range cases() {
		out = append(out, exact(read, name, text)...)
	}
	for name, text := range wrong() {
		if _, err := read(text); err == nil {
			out = append(out, Finding{"refusal", "a policy with " + name + " is read"})
		}
	}
	return out
}

// question is all that a policy can be asked.
type question struct {
	org  domain.OrganizationID
	role domain.Role
	res  permit.Resource
	act  permit.Action
}

// exact asks the policy everything there is to ask, and much that there is not,
// and finds what it grants beyond want, or not at all.
func exact(read Reader, name string, c policy) []Finding {
	p, err := read(c.text)
	if err != nil {
		return []Finding{{name, fmt.Sprintf("the policy is refused: %v", err)}}
	}
	var out []Finding
	for _, org := range []domain.OrganizationID{"o", "other", "", "*", "role:owner"} {
		for _, role := range append(permit.Roles(), "", "*", "OWNER", "role:owner", "o", "owner,viewer") {
			for _, res := range append(permit.Resources(), "", "*", "POSTS") {
				for _, act := range append(permit.Actions(), "", "*", "READ") {
					q := question{org, role, res, act}
					if got, want := p.May(org, role, res, act), c.grants(q); got != want {
						out = append(out, Finding{name, fmt.Sprintf("May(%q, %q, %q, %q): got %t, want %t", org, role, res, act, got, want)})
					}
				}
			}
		}
	}
	return out
}
