package httpapi_test

import (
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"github.com/crierhq/crier/adapters/httpapi"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/permit"
)

// publicOperations need no token. Who adds one here has thought about it.
func publicOperations() []string {
	return []string{
		"POST /auth/register", "POST /auth/login", "POST /auth/login/totp", "POST /auth/refresh", "POST /auth/join", "POST /auth/verify-email", "POST /auth/resend-verification",
		"POST /auth/forgot-password", "POST /auth/reset-password", "GET /livez", "GET /readyz",
		"GET /integrations/callback/{provider}", "POST /integrations/connect/choose", "GET /media/{id}/file",
		"GET /auth/providers", "GET /auth/callback/{provider}", "POST /auth/oauth/{provider}", "POST /auth/oauth/exchange",
	}
}

// walked is one operation of the document.
type walked struct {
	name, method, path string
	hasBody, multipart bool
	res                permit.Resource
	act                permit.Action
}

// walk lists the operations of the document that are not public, and reports
// those that do not say what they need.
func walk(t *testing.T) []walked {
	t.Helper()
	var out []walked
	for path, item := range httpapi.OpenAPI("x", "1").Paths {
		for method, op := range map[string]*huma.Operation{
			"GET": item.Get, "PUT": item.Put, "POST": item.Post, "DELETE": item.Delete, "PATCH": item.Patch, "HEAD": item.Head, "OPTIONS": item.Options,
		} {
			name := method + " " + path
			if op == nil || slices.Contains(publicOperations(), name) {
				continue
			}
			w := walked{name: name, method: method, path: path}
			if op.RequestBody != nil {
				w.hasBody, w.multipart = true, op.RequestBody.Content["multipart/form-data"] != nil
			}
			needs := fmt.Sprintf("%+v", op.Extensions["x-permission"])
			if m := regexp.MustCompile(`^{Resource:(\w+) Action:(\w+)}$`).FindStringSubmatch(needs); m != nil {
				w.res, w.act = permit.Resource(m[1]), permit.Action(m[2])
			}
			if !slices.Contains(permit.Resources(), w.res) || !slices.Contains(permit.Actions(), w.act) || len(op.Security) == 0 {
				t.Errorf("%s needs %s: say in its spec which resource and action it needs", name, needs)
				continue
			}
			out = append(out, w)
		}
	}
	if len(out) < 40 {
		t.Fatalf("walked %d operations, want all of them", len(out))
	}
	return out
}

// things are the ids of what an organization has, by the end of the path that
// takes them, such as "posts/{id}".
type things map[string]string

// address fills the parameters of a path in. An operation with a parameter that
// things does not know fails the test: add what it is the id of.
func (ids things) address(t testing.TB, path string) string {
	t.Helper()
	steps := strings.Split(path, "/")
	for i := len(steps) - 1; i > 0; i-- {
		if !strings.HasPrefix(steps[i], "{") {
			continue
		}
		what := steps[i-1] + "/" + steps[i]
		if steps[i] = ids[what]; steps[i] == "" {
			t.Fatalf("the walk does not know what to put into %s of %s: add it to the things of the fixture", what, path)
		}
	}
	return strings.Join(steps, "/")
}

// team is a fixture with one member of each role in Ann's organization.
type team struct {
	*fixture
	org    domain.OrganizationID
	tokens map[domain.Role]string
}

func newTeam(t *testing.T) *team {
	t.Helper()
	f := &team{fixture: newFixture(t), tokens: map[domain.Role]string{}}
	f.org = domain.OrganizationID(fmt.Sprint(claimsOf(t, f.ann)["orgId"]))
	for _, role := range domain.Roles() {
		f.tokens[role] = f.member(f.org, role, string(role)+"@example.org")
	}
	return f
}

// mine are the things of Ann's organization. What people make is made by the
// person with the token where they may, and by Ann else.
func (f *team) mine(token string) things {
	f.t.Helper()
	draft, file := f.draft, f.file
	if a := f.call(token, "POST", "/posts", map[string]any{"content": "own"}); a.status == http.StatusCreated {
		draft, file = a.text("id"), f.media(token)
	}
	return f.of(f.org, draft, f.channel, file)
}

// others are the things of Bob's organization.
func (f *team) others() things {
	return f.of(domain.OrganizationID(fmt.Sprint(claimsOf(f.t, f.bob)["orgId"])), f.theirs, f.bobChannel, f.bobFile)
}

func (f *team) of(org domain.OrganizationID, post, channel, file string) things {
	owner := f.ann
	if org != f.org {
		owner = f.bob
	}
	return things{
		"api-keys/{id}":  f.key(owner, map[string]any{"name": "x", "scope": "read"}).text("id"),
		"customers/{id}": f.customer(owner),
		"posts/{id}":     post, "integrations/{id}": channel, "integration/{id}": channel, "media/{id}": file, "agencies/{id}": string(org),
		"providers/{id}": "form", "members/{user}": "user-viewer", "invitations/{invitation}": "invitation-of-" + string(org),
		"identities/{provider}": "acme", "identities/{id}": "identity-of-" + string(org), "sessions/{id}": "session-of-" + string(org),
		"dead-letters/{id}": "job-of-" + string(org), "deliveries/{delivery}": "delivery-of-" + string(org),
	}
}

// do calls an operation with a body that is right.
func (f *team) do(token string, op walked, ids things) answer {
	f.t.Helper()
	address := ids.address(f.t, op.path)
	if op.multipart {
		contentType, body := form("image/png", [2]string{"file", png})
		return f.upload(token, contentType, body)
	}
	var body any
	if op.hasBody {
		text, ok := f.bodies()[op.name]
		if !ok {
			f.t.Fatalf("the walk knows no body for %s: add one to bodies", op.name)
		}
		body = text
	}
	return f.call(token, op.method, address, body)
}

// TestEveryRoleOnEveryOperation has each role call each operation on things of
// its own organization: what the policy grants is not refused, and everything
// else is, and changes nothing.
func TestEveryRoleOnEveryOperation(t *testing.T) {
	t.Parallel()
	policy := permit.Default()
	denied := newTeam(t)
	before, refused, granted := denied.state(), 0, 0
	for _, op := range walk(t) {
		for _, role := range domain.Roles() {
			if op.res == permit.Installation || !policy.May("", role, op.res, op.act) {
				continue
			}
			granted++
			f := newTeam(t)
			a := f.do(f.tokens[role], op, f.mine(f.tokens[role]))
			if a.status == http.StatusUnauthorized || a.status == http.StatusForbidden || a.status >= 500 {
				t.Errorf("%s as %s: got %d %s, want what %s %s grants", op.name, role, a.status, a.body, op.res, op.act)
			}
			if a.text("code") == "organization_not_found" {
				t.Errorf("%s as %s: got %s, want their own organization found", op.name, role, a.body)
			}
		}
		for _, role := range domain.Roles() {
			if policy.May("", role, op.res, op.act) {
				continue
			}
			refused++
			for _, ids := range []things{denied.of(denied.org, denied.draft, denied.channel, denied.file), denied.others()} {
				a := denied.do(denied.tokens[role], op, ids)
				checkError(t, op.name, a)
				if a.status != http.StatusForbidden {
					t.Errorf("%s as %s: got %d %s, want 403, for it takes %s %s", op.name, role, a.status, a.body, op.act, op.res)
				}
			}
		}
	}
	if denied.state() != before {
		t.Error("a call that was refused changed something")
	}
	if refused < 40 || granted < 80 {
		t.Errorf("walked %d refusals and %d grants, want all of them", refused, granted)
	}
}

// TestInstallationBelongsToItsOwner has everybody call what concerns the whole
// installation.
func TestInstallationBelongsToItsOwner(t *testing.T) {
	t.Parallel()
	n := 0
	for _, op := range walk(t) {
		if op.res != permit.Installation {
			continue
		}
		n++
		f := newTeam(t)
		tokens := maps.Clone(f.tokens)
		tokens["first"], tokens["stranger"] = f.ann, f.bob
		for who, token := range tokens {
			a := f.do(token, op, f.others())
			if want := op.act == permit.Read || who == "first"; (a.status < 300) != want || !want && a.status != http.StatusForbidden {
				t.Errorf("%s as %s: got %d %s, want it to be allowed: %t", op.name, who, a.status, a.body, want)
			}
		}
	}
	if n < 4 {
		t.Errorf("walked %d operations, want all of them", n)
	}
}

// TestThingsOfOthersNeedMore has each role change what Ann made.
func TestThingsOfOthersNeedMore(t *testing.T) {
	t.Parallel()
	policy, n := permit.Default(), 0
	for _, op := range walk(t) {
		others, ok := permit.OfOthers(op.res)
		if !ok || op.act == permit.Read || op.act == permit.Create || !strings.Contains(op.path, "/{id}") {
			continue
		}
		for _, role := range domain.Roles() {
			n++
			f := newTeam(t)
			a := f.do(f.tokens[role], op, f.of(f.org, f.draft, f.channel, f.file))
			if want := policy.May("", role, others, op.act); (a.status != http.StatusForbidden) != want {
				t.Errorf("%s as %s, of Ann: got %d %s, want it to be allowed: %t", op.name, role, a.status, a.body, want)
			}
		}
	}
	if n < 20 {
		t.Errorf("walked %d calls, want all of them", n)
	}
}

// TestNobodyReachesAnotherTenant has an owner, who may do everything, call every
// operation with the ids of another organization.
func TestNobodyReachesAnotherTenant(t *testing.T) {
	t.Parallel()
	f := newTeam(t)
	mine, before, n := f.mine(f.ann), f.state(), 0
	for _, op := range walk(t) {
		if mine.address(t, op.path) == f.others().address(t, op.path) {
			continue // it takes nothing that belongs to an organization
		}
		n++
		a := f.do(f.ann, op, f.others())
		checkError(t, op.name, a)
		if a.status != http.StatusNotFound {
			t.Errorf("%s with ids of another tenant: got %d %s, want 404", op.name, a.status, a.body)
		}
	}
	if n < 25 {
		t.Errorf("walked %d operations, want all of them", n)
	}
	if f.state() != before {
		t.Error("something changed")
	}
}
