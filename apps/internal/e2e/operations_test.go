package e2e_test

import (
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/crierhq/crier/client"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/permit"
)

// try is how an operation is done: it prepares what the operation needs, and
// returns what its one call of it returned.
type try func(s *scene, c *client.Client) error

// exceptions are operations whose permission does not say all of who may.
var exceptions = map[string][]caller{
	"get-media-file":      {owner, admin, user, viewer}, // public only with a signed link
	"pause-installation":  {owner},                      // who registered first
	"resume-installation": {owner},
}

// may says who may do something: by the policy, or everybody.
func may(op *operation) []caller {
	if callers, ok := exceptions[op.id]; ok {
		return callers
	}
	everybody := []caller{owner, admin, user, viewer, nobody}
	needs, _ := op.doc["x-permission"].(map[string]any)
	if op.public || needs == nil {
		return everybody
	}
	return slices.DeleteFunc(everybody, func(who caller) bool {
		return !permit.Default().May("o", domain.Role(who), permit.Resource(fmt.Sprint(needs["resource"])), permit.Action(fmt.Sprint(needs["action"])))
	})
}

// answered takes a failure of this status for success, where an operation can
// do no better here.
func answered(status int, err error) error {
	if e, ok := errors.AsType[*client.Error](err); ok && e.Status == status {
		return nil
	}
	return err
}

// only drops the answer of a call.
func only[T any](_ T, err error) error { return err }

// drop closes the answer of a call that is no JSON.
func drop(resp *http.Response, err error) error {
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

// TestEveryOperationByEverybody carries out every operation of the document by
// everybody who may, and has it refused to everybody who may not: 401 where
// nobody is signed in, 403 inside of the organization, 404 to another one.
func TestEveryOperationByEverybody(t *testing.T) {
	t.Parallel()
	for name, env := range databases() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t, env(t)...)
			for _, op := range s.operations() {
				do, ok := tries[op.id]
				if !ok {
					t.Errorf("%s has no line in tries; add to tries_test.go:\n\t%s", op, suggest(op))
					continue
				}
				s.try(op, do)
			}
		})
	}
}

func (s *scene) operations() []*operation { return openDocument(s.t).operations }

func (s *scene) try(op *operation, do try) {
	s.t.Helper()
	for _, who := range []caller{owner, admin, user, viewer, nobody, stranger} {
		want := 0
		switch {
		case slices.Contains(may(op), who):
		case who == nobody:
			want = http.StatusUnauthorized
		case who != stranger:
			want = http.StatusForbidden
		case strings.Contains(op.path, "{") && !op.public && !slices.Contains(shared, op.path):
			want = http.StatusNotFound
		default:
			continue // the stranger has an organization, too
		}
		err := do(s, s.as[who])
		got := 0
		if e, ok := errors.AsType[*client.Error](err); ok {
			got = e.Status
		} else if err != nil {
			got = -1
		}
		if got != want {
			s.t.Errorf("%s by %s: got %v, want %s", op, who, err, status(want))
		}
	}
}

// shared are paths with a variable that is nothing of an organization.
var shared = []string{"/integrations/providers/{id}", "/integrations/providers/{id}/doctor", "/users/me/identities/{id}", "/users/me/sessions/{id}"}

func status(want int) string {
	if want == 0 {
		return "success"
	}
	return fmt.Sprint(want)
}

// TestTheTableHasNothingElse: a line for what is not there any more only
// confuses.
func TestTheTableHasNothingElse(t *testing.T) {
	t.Parallel()
	for id := range tries {
		if !slices.ContainsFunc(openDocument(t).operations, func(op *operation) bool { return op.id == id }) {
			t.Errorf("there is no operation %q any more; take its line out of tries_test.go", id)
		}
	}
}

// suggest is the line that an operation needs.
func suggest(op *operation) string {
	wanted := strings.ReplaceAll(op.id, "-", "")
	for i := range reflect.TypeFor[*client.Client]().NumMethod() {
		m := reflect.TypeFor[*client.Client]().Method(i)
		if !strings.EqualFold(m.Name, wanted) {
			continue
		}
		args := []string{"s.t.Context()"}
		for k := 2; k < m.Type.NumIn()-1; k++ {
			if in := m.Type.In(k); in.Kind() == reflect.Struct {
				args = append(args, "client."+in.Name()+"{}")
			} else {
				args = append(args, `"…"`)
			}
		}
		call := "c." + m.Name + "(" + strings.Join(args, ", ") + ")"
		if m.Type.NumOut() == 2 {
			call = "only(" + call + ")"
		}
		return fmt.Sprintf("%q: func(s *scene, c *client.Client) error { return %s },", op.id, call)
	}
	return fmt.Sprintf("%q: run make gen first, for the client does not have it", op.id)
}
