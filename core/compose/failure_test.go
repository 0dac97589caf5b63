package compose_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/crierhq/crier/core/compose"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/ports/store"
	"github.com/crierhq/crier/testkit/enginetest"
)

// saying makes the platform refuse texts that begin with a code with it.
func saying(_ context.Context, t social.Target, it social.Item, _ social.Cursor) (social.Outcome, error) {
	for _, c := range social.Codes() {
		if strings.HasPrefix(it.Text, string(c)+":") {
			return social.Outcome{}, social.Errorf(c, "It said %s.", c)
		}
	}
	return social.Published(social.Ref{ID: t.Key}), nil
}

// broken is an engine with a post for every text, published on ch.
func broken(t *testing.T, texts ...string) (*enginetest.Engine, domain.Channel, []compose.View) {
	t.Helper()
	e := enginetest.New(t)
	e.Platform.OnPublish = saying
	ch := e.Connect(e.Owner, "ann")
	var views []compose.View
	for _, s := range texts {
		views = append(views, create(t, e, text(s, compose.Now, ch)))
	}
	drain(t, e)
	return e, ch, views
}

// drain publishes until nothing is left to be done.
func drain(t *testing.T, e *enginetest.Engine) {
	t.Helper()
	for range 1000 {
		_, next, err := e.Tick(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if next.IsZero() {
			return
		}
		e.Clock.Advance(max(0, next.Sub(e.Clock.Now())))
	}
	t.Fatal("there is no end to what is due")
}

func causes(t *testing.T, e *enginetest.Engine, a domain.Actor) string {
	t.Helper()
	fs, err := e.Posts.Causes(t.Context(), a, store.FailureFilter{})
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, f := range fs {
		if f.Advice == "" || f.Message == "" || f.First.After(f.Last) {
			t.Errorf("got %+v, want advice, a message and times", f)
		}
		out = append(out, fmt.Sprintf("%d %s %s: %s", f.Count, f.State, f.Code, f.Remedy))
	}
	return strings.Join(out, ", ")
}

func TestFailuresAreGroupedByCause(t *testing.T) {
	t.Parallel()
	e, ch, views := broken(t, "rejected:1", "rejected:2", "outcome_unknown:3", "fine", "unsupported:4")
	if got, want := causes(t, e, e.Owner), "2 failed rejected: edit, 1 failed unsupported: edit, 1 unknown outcome_unknown: answer"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	fs, err := e.Posts.ListFailures(t.Context(), e.Owner, store.FailureFilter{Code: "rejected", Channel: ch.ID}, store.Page{Limit: 5})
	if err != nil || len(fs) != 2 || fs[0].Post != views[1].Post.ID || fs[1].Post != views[0].Post.ID {
		t.Errorf("got %+v, %v; want the two that were rejected, the newest first", fs, err)
	}
	_, stranger := e.NewOrganization("")
	if got := causes(t, e, stranger); got != "" {
		t.Errorf("a stranger sees %s", got)
	}
	if _, err := e.Posts.Causes(t.Context(), domain.Actor{}, store.FailureFilter{}); fault.KindOf(err) != fault.Unauthenticated {
		t.Errorf("nobody asks: got %v", err)
	}
	if _, err := e.Posts.ListFailures(t.Context(), domain.Actor{}, store.FailureFilter{}, store.Page{Limit: 1}); fault.KindOf(err) != fault.Unauthenticated {
		t.Errorf("nobody asks: got %v", err)
	}
}

func TestRetryCauseTakesUpOneCause(t *testing.T) {
	t.Parallel()
	e, _, views := broken(t, "rejected:1", "rejected:2", "unsupported:3", "outcome_unknown:4")
	before := enginetest.Dump(e.Store)
	f := store.FailureFilter{Code: "rejected"}
	got, err := e.Posts.RetryCause(t.Context(), e.Owner, f, true)
	if err != nil || got.Retried != 2 || enginetest.Dump(e.Store) != before {
		t.Fatalf("dry: got %+v, %v; want 2 and nothing changed", got, err)
	}
	e.Platform.OnPublish = nil
	if got, err = e.Posts.RetryCause(t.Context(), e.Owner, f, false); err != nil || got.Retried != 2 || len(got.Skipped) != 0 || got.More {
		t.Fatalf("got %+v, %v; want 2", got, err)
	}
	if got, err = e.Posts.RetryCause(t.Context(), e.Owner, f, false); err != nil || got.Retried != 0 {
		t.Errorf("a second time: got %+v, %v; want nothing", got, err)
	}
	for i, want := range []string{"scheduled", "scheduled", "failed", "unknown"} {
		v, err := e.Posts.Get(t.Context(), e.Owner, views[i].Post.ID)
		if err != nil || string(v.Deliveries[0].State) != want {
			t.Errorf("post %d: got %v, %v; want %s", i, statesOf(v), err, want)
		}
		if want == "scheduled" && (!v.Deliveries[0].DueAt.Equal(e.Clock.Now()) || kinds(t, e, v.Post.ID)[len(kinds(t, e, v.Post.ID))-1] != "delivery.scheduled") {
			t.Errorf("post %d: got %+v with %v, want it due now, and told", i, v.Deliveries[0], kinds(t, e, v.Post.ID))
		}
	}
	drain(t, e)
	if got, want := causes(t, e, e.Owner), "1 failed unsupported: edit, 1 unknown outcome_unknown: answer"; got != want {
		t.Errorf("in the end: got %s, want %s", got, want)
	}
}

func TestRetryCauseRefusesWhatNeedsAPerson(t *testing.T) {
	t.Parallel()
	e, _, _ := broken(t, "outcome_unknown:1")
	for name, f := range map[string]store.FailureFilter{
		"no cause":  {},
		"unknown":   {Code: "outcome_unknown", States: []domain.DeliveryState{domain.DeliveryUnknown}},
		"blocked":   {Code: "x", States: []domain.DeliveryState{domain.DeliveryBlocked}},
		"published": {Code: "x", States: []domain.DeliveryState{domain.DeliveryFailed, domain.DeliveryPublished}},
	} {
		if _, err := e.Posts.RetryCause(t.Context(), e.Owner, f, false); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: got %v, want it refused", name, err)
		}
	}
	got, err := e.Posts.RetryCause(t.Context(), e.Owner, store.FailureFilter{Code: "outcome_unknown"}, false)
	if err != nil || got.Retried != 0 {
		t.Errorf("got %+v, %v; want what may be out left alone", got, err)
	}
}

func TestRetryCauseKeepsToRoles(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	e.Platform.OnPublish = saying
	ch := e.Connect(e.Owner, "a")
	ann, bob := enginetest.As(e.Owner, domain.RoleUser, "ann"), enginetest.As(e.Owner, domain.RoleUser, "bob")
	for _, a := range []domain.Actor{ann, ann, bob, e.Owner} {
		if _, err := e.Posts.Create(t.Context(), a, text("rejected:x", compose.Now, ch)); err != nil {
			t.Fatal(err)
		}
	}
	drain(t, e)
	_, stranger := e.NewOrganization("")
	f := store.FailureFilter{Code: "rejected"}
	for _, tc := range []struct {
		name string
		a    domain.Actor
		kind fault.Kind
		want int
	}{
		{"nobody", domain.Actor{}, fault.Unauthenticated, 0},
		{"a viewer", enginetest.As(e.Owner, domain.RoleViewer, "ann"), fault.Denied, 0},
		{"a stranger", stranger, "", 0},
		{"Bob", bob, "", 1},
		{"Bob, in the name of Ann", bob, "", 0},
		{"an admin", enginetest.As(e.Owner, domain.RoleAdmin, "cid"), "", 3},
	} {
		f := f
		if strings.Contains(tc.name, "Ann") {
			f.Author = "ann"
		}
		if got, err := e.Posts.RetryCause(t.Context(), tc.a, f, false); fault.KindOf(err) != tc.kind || got.Retried != tc.want {
			t.Errorf("%s: got %+v, %v; want %d", tc.name, got, err, tc.want)
		}
	}
}

// TestRetryCauseSkips tells why something was left as it is.
func TestRetryCauseSkips(t *testing.T) {
	t.Parallel()
	e, ch, views := broken(t, "rejected:1", "rejected:2", "rejected:3")
	if err := e.Posts.Delete(t.Context(), e.Owner, views[0].Post.ID, 0); err != nil {
		t.Fatal(err)
	}
	if err := e.Channels.Disconnect(t.Context(), e.Owner, ch.ID); err != nil {
		t.Fatal(err)
	}
	f := store.FailureFilter{Code: "rejected"}
	for _, dry := range []bool{true, false} {
		got, err := e.Posts.RetryCause(t.Context(), e.Owner, f, dry)
		if err != nil || got.Retried != 0 || got.Skipped[compose.SkipChannel] != 2 {
			t.Errorf("got %+v, %v; want two on a channel that cannot publish", got, err)
		}
	}
}

// changing is a store in which something happens between a list and what
// follows it.
type changing struct {
	store.Store
	meanwhile func()
}

func (c *changing) Deliveries() store.Deliveries { return changingDeliveries{c.Store.Deliveries(), c} }

type changingDeliveries struct {
	store.Deliveries
	c *changing
}

func (d changingDeliveries) ListFailures(ctx context.Context, org domain.OrganizationID, f store.FailureFilter, p store.Page) ([]domain.Delivery, error) {
	ds, err := d.Deliveries.ListFailures(ctx, org, f, p)
	if do := d.c.meanwhile; do != nil && len(ds) > 0 {
		d.c.meanwhile = nil
		do()
	}
	return ds, err
}

func TestRetryCauseLeavesAloneWhatChangedMeanwhile(t *testing.T) {
	t.Parallel()
	e, ch, views := broken(t, "rejected:1", "rejected:2", "rejected:3")
	thread := text("fine", compose.Now, ch)
	thread.Items = append(thread.Items, domain.Item{Text: "rejected:4"})
	half := create(t, e, thread)
	drain(t, e)
	// The delivery of a thread that is out in part stays as it is when its post
	// is deleted.
	gone := []domain.PostID{views[1].Post.ID, half.Post.ID}
	c := &changing{Store: e.Store, meanwhile: func() {
		if _, err := e.Posts.TryAgain(t.Context(), e.Owner, views[0].Post.ID); err != nil {
			t.Error(err)
		}
		drain(t, e)
		for _, id := range gone {
			if err := e.Posts.Delete(t.Context(), e.Owner, id, 0); err != nil {
				t.Error(err)
			}
		}
	}}
	got, err := e.On(c).Posts.RetryCause(t.Context(), e.Owner, store.FailureFilter{Code: "rejected"}, false)
	if err != nil || got.Retried != 1 || got.Skipped[compose.SkipChanged] != 3 {
		t.Errorf("got %+v, %v; want one taken up and three left alone", got, err)
	}
}

// TestRetryCauseIsBounded fails more deliveries than one call takes up.
func TestRetryCauseIsBounded(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	ch := e.Connect(e.Owner, "a")
	v := create(t, e, text("x", compose.Draft, ch))
	const n = 1001
	ds := make([]domain.Delivery, n)
	for i := range ds {
		ds[i] = domain.Delivery{
			ID: domain.DeliveryID(fmt.Sprintf("d-%04d", i)), Organization: e.Org.ID, Post: v.Post.ID, Channel: ch.ID, Provider: "test",
			State: domain.DeliveryMissed, DueAt: e.Clock.Now(), UpdatedAt: e.Clock.Now().Add(time.Duration(i/7) * time.Second),
			Parts: make([]domain.Part, 1), Reason: domain.Reason{Code: "late", Message: "Too late."}, Revision: 1, Version: 1,
		}
	}
	if err := e.Store.Deliveries().Insert(t.Context(), e.Org.ID, ds...); err != nil {
		t.Fatal(err)
	}
	f := store.FailureFilter{Code: "late", States: []domain.DeliveryState{domain.DeliveryMissed}}
	for i, want := range []compose.Retried{{Retried: 1000, More: true}, {Retried: 1}, {}} {
		got, err := e.Posts.RetryCause(t.Context(), e.Owner, f, false)
		if err != nil || got.Retried != want.Retried || got.More != want.More {
			t.Errorf("call %d: got %+v, %v; want %+v", i, got, err, want)
		}
	}
}

// TestEveryCauseHasARemedy walks every code in every state that needs a person.
func TestEveryCauseHasARemedy(t *testing.T) {
	t.Parallel()
	want := map[social.Code]compose.Remedy{
		social.CodeRejected: compose.RemedyEdit, social.CodeUnsupported: compose.RemedyEdit, social.CodeDuplicate: compose.RemedyEdit,
		social.CodeAuthExpired: compose.RemedyReconnect, social.CodeAuthRevoked: compose.RemedyReconnect,
		social.CodeScopeMissing: compose.RemedyReconnect, social.CodeAccountBlocked: compose.RemedyReconnect,
		social.CodeRateLimited: compose.RemedyRetry, social.CodeQuota: compose.RemedyRetry, social.CodeUnavailable: compose.RemedyRetry,
		social.CodeOutcomeUnknown:  compose.RemedyRetry,
		"channel_reconnect_needed": compose.RemedyReconnect, "channel_disconnected": compose.RemedyReconnect,
		"provider_missing": compose.RemedySetUp, "never heard of": compose.RemedyRetry,
	}
	for _, c := range social.Codes() {
		if want[c] == "" {
			t.Errorf("there is a code that this table does not know: %s", c)
		}
	}
	for code, failed := range want {
		e := enginetest.New(t)
		ch := e.Connect(e.Owner, "a")
		v := create(t, e, text("x", compose.Draft, ch))
		blocked := failed
		if failed == compose.RemedyRetry {
			blocked = compose.RemedyWait
		}
		for state, remedy := range map[domain.DeliveryState]compose.Remedy{
			domain.DeliveryFailed: failed, domain.DeliveryBlocked: blocked,
			domain.DeliveryMissed: compose.RemedyRetry, domain.DeliveryUnknown: compose.RemedyAnswer,
		} {
			d := domain.Delivery{
				ID: domain.DeliveryID(state), Organization: e.Org.ID, Post: v.Post.ID, Channel: ch.ID, State: state, Reason: domain.Reason{Code: string(code)},
			}
			if err := e.Store.Deliveries().Insert(t.Context(), e.Org.ID, d); err != nil {
				t.Fatal(err)
			}
			got, err := e.Posts.Causes(t.Context(), e.Owner, store.FailureFilter{States: []domain.DeliveryState{state}})
			if err != nil || len(got) != 1 || got[0].Remedy != remedy || !strings.HasSuffix(got[0].Advice, ".") {
				t.Errorf("%s for %s: got %+v, %v; want %s", state, code, got, err, remedy)
			}
		}
	}
}
