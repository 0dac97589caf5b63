package permittest

import (
	"slices"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/permit"
)

// policy is a text with what it grants.
type policy struct {
	text   string
	grants func(question) bool
}

// cases are policies that must be read.
func cases() map[string]policy {
	all := func(roles ...domain.Role) func(question) bool {
		return func(q question) bool {
			return slices.Contains(roles, q.role) && q.res == permit.Posts && q.act == permit.Read
		}
	}
	own := permit.Default()
	return map[string]policy{
		"nothing":    {"# nothing\n", func(question) bool { return false }},
		"one rule":   {"p, role:user, *, posts, read\n", all("user")},
		"no spaces":  {"p,role:user,*,posts,read", all("user")},
		"inclusion":  {"p, role:user, *, posts, read\ng, role:admin, role:user\n", all("user", "admin")},
		"a chain":    {"g, role:owner, role:admin\ng, role:admin, role:user\np, role:user, *, posts, read\n", all("user", "admin", "owner")},
		"a circle":   {"g, role:owner, role:user\ng, role:user, role:owner\np, role:user, *, posts, read\n", all("user", "owner")},
		"two paths":  {"g, role:owner, role:user\ng, role:owner, role:admin\np, role:admin, *, posts, read\n", all("admin", "owner")},
		"an outside": {"p, role:operator, *, posts, read\ng, role:owner, role:user\n", all("operator")},
		"one organization": {"p, role:user, o, posts, read\ng, role:admin, role:user\n", func(q question) bool {
			return q.org == "o" && all("user", "admin")(q)
		}},
		"one organization beside all": {"p, role:user, o, media, create\np, role:user, *, posts, read\n", func(q question) bool {
			return all("user")(q) || q.org == "o" && q.role == "user" && q.res == permit.Media && q.act == permit.Create
		}},
		"Crier's own": {permit.PolicyText(), func(q question) bool { return own.May(q.org, q.role, q.res, q.act) }},
	}
}

// wrong are policies that must be refused: each of them would grant less, or
// more, than whoever wrote it thinks.
func wrong() map[string]string {
	return map[string]string{
		"an unknown role":                "p, role:boss, *, posts, read\n",
		"a role without its prefix":      "p, owner, *, posts, read\n",
		"an unknown resource":            "p, role:user, *, post, read\n",
		"an unknown action":              "p, role:user, *, posts, write\n",
		"no organization":                "p, role:user, , posts, read\n",
		"a rule that is too short":       "p, role:user, *, posts\n",
		"a rule that is too long":        "p, role:user, *, posts, read, deny\n",
		"a rule of another kind":         "p2, role:user, *, posts, read\n",
		"an inclusion of what is none":   "g, role:user, ann\n",
		"an inclusion that is too short": "g, role:user\n",
		"a rule that is there twice":     "p, role:user, *, posts, read\np, role:user, *, posts, read\n",
		"half a quotation":               "p, \"role:user, *, posts, read\n",
	}
}
