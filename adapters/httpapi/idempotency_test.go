package httpapi_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/crierhq/crier/adapters/httpapi"
	"github.com/crierhq/crier/adapters/memstore"
	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/store"
)

// hooked is a store whose transactions can be held up or fail.
type hooked struct {
	*memstore.Store
	before, after atomic.Pointer[func() error]
}

func (h *hooked) InTx(ctx context.Context, fn func(context.Context, store.Repos) error) error {
	if f := h.before.Load(); f != nil {
		if err := (*f)(); err != nil {
			return err
		}
	}
	err := h.Store.InTx(ctx, fn)
	if f := h.after.Load(); f != nil && err == nil {
		return (*f)()
	}
	return err
}

func newHooked(t *testing.T) (*world, *hooked) {
	t.Helper()
	st := &hooked{Store: memstore.New()}
	return newWorld(t, func(c *core.Config) { c.Store = st }), st
}

const draft = `{"content":"once"}`

func (w *world) keyed(token, key, path, body string) answer {
	w.t.Helper()
	return w.call(token, "POST", path, body, "Idempotency-Key", key)
}

// posts is how many there are.
func (w *world) posts(token string) int {
	w.t.Helper()
	list, _ := w.ok(200, token, "GET", "/posts?limit=200", nil).json("data").([]any)
	return len(list)
}

func TestARepeatedRequestIsDoneOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann, bob := w.register("ann@example.org"), w.register("bob@example.org")
	first := w.keyed(ann, "k-1", "/posts", draft)
	if first.status != 201 || first.header.Get("Idempotency-Replayed") != "" {
		t.Fatalf("got %d %v %s, want 201 and nothing replayed", first.status, first.header, first.body)
	}
	w.clock.Add(time.Hour - time.Second)
	for range 3 {
		a := w.keyed(ann, "k-1", "/posts", draft)
		if a.status != 201 || !bytes.Equal(a.body, first.body) || a.header.Get("ETag") != first.header.Get("ETag") ||
			a.header.Get("Content-Type") != "application/json" || a.header.Get("Idempotency-Replayed") != "true" {
			t.Errorf("got %d %v %s, want the first answer %v %s", a.status, a.header, a.body, first.header, first.body)
		}
	}
	if n := w.posts(ann); n != 1 {
		t.Errorf("got %d posts, want 1", n)
	}
	for what, a := range map[string]answer{
		"another body":  w.keyed(ann, "k-1", "/posts", `{"content":"twice"}`),
		"another route": w.keyed(ann, "k-1", "/posts/"+first.text("id")+"/retry", ""),
	} {
		checkError(t, what, a)
		if a.status != 422 || a.text("code") != "idempotency_key_reused" {
			t.Errorf("%s: got %d %s, want 422", what, a.status, a.body)
		}
	}
	if a := w.keyed(bob, "k-1", "/posts", draft); a.status != 201 || a.text("id") == first.text("id") {
		t.Errorf("another tenant with the same key: got %d %s, want a post of their own", a.status, a.body)
	}
}

func TestRefusalsAreRepeatedAlike(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.register("ann@example.org")
	for name, c := range map[string]struct{ path, body string }{
		"not valid":   {"/posts", `{"content":7}`},
		"not there":   {"/posts/0190/retry", ""},
		"not JSON":    {"/posts", `{`},
		"not allowed": {"/dead-letters/0190/replay", ""},
	} {
		first := w.keyed(token, name[4:]+"-k", c.path, c.body)
		again := w.keyed(token, name[4:]+"-k", c.path, c.body)
		checkError(t, name, first)
		if again.status != first.status || !bytes.Equal(again.body, first.body) || again.header.Get("Idempotency-Replayed") != "true" {
			t.Errorf("%s: got %d %s, want the first answer %d %s", name, again.status, again.body, first.status, first.body)
		}
	}
}

func TestARequestThatIsStillRunningIsNotDoneTwice(t *testing.T) {
	t.Parallel()
	w, st := newHooked(t)
	token := w.register("ann@example.org")
	entered, leave := make(chan struct{}), make(chan struct{})
	hold := func() error { //nolint:unparam // others fail
		st.before.Store(nil)
		close(entered)
		<-leave
		return nil
	}
	st.before.Store(&hold)
	done := make(chan answer)
	go func() { done <- w.keyed(token, "k", "/posts", draft) }()
	<-entered
	a := w.keyed(token, "k", "/posts", draft)
	checkError(t, "the second", a)
	if a.status != 409 || a.text("code") != "idempotency_key_in_use" || a.header.Get("Retry-After") != "1" {
		t.Errorf("got %d %v %s, want 409 and to come back in a second", a.status, a.header, a.body)
	}
	close(leave)
	first := <-done
	if a := w.keyed(token, "k", "/posts", draft); first.status != 201 || !bytes.Equal(a.body, first.body) || w.posts(token) != 1 {
		t.Errorf("got %d %s and %d posts, want %s and one", a.status, a.body, w.posts(token), first.body)
	}
}

// TestAnAnswerThatWasNoneIsNotKept: the request is done when it is sent again,
// and what it had done before it failed is found and not done twice.
func TestAnAnswerThatWasNoneIsNotKept(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fail   func(*hooked, *func() error)
		status int
		broken func() error
	}{
		"unavailable before": {func(h *hooked, f *func() error) { h.before.Store(f) }, 503, func() error { return &fault.Error{Kind: fault.Unavailable} }},
		"broken before":      {func(h *hooked, f *func() error) { h.before.Store(f) }, 500, func() error { return errors.New("disk") }},
		"panic before":       {func(h *hooked, f *func() error) { h.before.Store(f) }, 500, func() error { panic("oops") }},
		"lost after":         {func(h *hooked, f *func() error) { h.after.Store(f) }, 503, func() error { return &fault.Error{Kind: fault.Unavailable} }},
		"panic after":        {func(h *hooked, f *func() error) { h.after.Store(f) }, 500, func() error { panic("oops") }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, st := newHooked(t)
			token := w.register("ann@example.org")
			c.fail(st, &c.broken)
			if a := w.keyed(token, "k", "/posts", draft); a.status != c.status {
				t.Fatalf("got %d %s, want %d", a.status, a.body, c.status)
			}
			c.fail(st, nil)
			if a := w.keyed(token, "k", "/posts", draft); a.status != 201 || a.header.Get("Idempotency-Replayed") != "" {
				t.Errorf("got %d %v %s, want it to be done now", a.status, a.header, a.body)
			}
			if n := w.posts(token); n != 1 {
				t.Errorf("got %d posts, want 1", n)
			}
		})
	}
}

func TestIdempotencyKeysThatCannotBe(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.register("ann@example.org")
	for _, key := range []string{" ", "a b", "ü", "a\x7f", strings.Repeat("k", 256)} {
		a := w.keyed(token, key, "/posts", draft)
		checkError(t, key, a)
		if a.status != 400 || a.text("errors.0.field") != "Idempotency-Key" {
			t.Errorf("%q: got %d %s, want 400 that names the header", key, a.status, a.body)
		}
	}
	large := `{"content":"` + strings.Repeat("x", 1<<20) + `"}`
	if a := w.keyed(token, "k", "/posts", large); a.status != 413 {
		t.Errorf("got %d for too large a body, want 413", a.status)
	}
	if n := w.posts(token); n != 0 {
		t.Errorf("got %d posts, want none", n)
	}
}

func TestIdempotencyIsDocumented(t *testing.T) {
	t.Parallel()
	var got []string
	for path, item := range httpapi.OpenAPI("x", "1").Paths {
		if item.Post == nil {
			continue
		}
		for _, p := range item.Post.Parameters {
			if p.Name == "Idempotency-Key" && item.Post.Responses["422"] != nil && item.Post.Responses["409"] != nil {
				got = append(got, path)
			}
		}
	}
	if len(got) != len(httpapi.Repeatable()) {
		t.Errorf("the document tells of %d operations that take an Idempotency-Key, %q, want the %d of the list", len(got), got, len(httpapi.Repeatable()))
	}
}
