package compose_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/crierhq/crier/adapters/memstore"
	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/compose"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/store"
	"github.com/crierhq/crier/testkit/enginetest"
)

// text is a post of one item for the channels.
func text(s string, when compose.When, channels ...domain.Channel) compose.Input {
	in := compose.Input{Items: []domain.Item{{Text: s}}, When: when}
	for _, c := range channels {
		in.Targets = append(in.Targets, domain.Target{Channel: c.ID})
	}
	return in
}

// at is text for a time.
func at(s, when string, channels ...domain.Channel) compose.Input {
	in := text(s, compose.At, channels...)
	in.Time = when
	return in
}

func create(t *testing.T, e *enginetest.Engine, in compose.Input) compose.View {
	t.Helper()
	v, err := e.Posts.Create(t.Context(), e.Owner, in)
	if err != nil {
		t.Fatalf("create: %v", err)
	}
	return v
}

func statesOf(v compose.View) []domain.DeliveryState {
	var out []domain.DeliveryState
	for _, d := range v.Deliveries {
		out = append(out, d.State)
	}
	return out
}

// publish runs the worker until nothing is due.
func publish(t *testing.T, e *enginetest.Engine) {
	t.Helper()
	for range 20 {
		n, _, err := e.Tick(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			return
		}
	}
	t.Fatal("there is no end to what is due")
}

func kinds(t *testing.T, e *enginetest.Engine, id domain.PostID) []string {
	t.Helper()
	evs, err := e.Store.Outbox().OfPost(t.Context(), e.Org.ID, id, 100)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, ev := range evs {
		out = append(out, string(ev.Kind))
	}
	return out
}

func TestCreateBooksADeliveryAChannel(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	a, b := e.Connect(e.Owner, "a"), e.Connect(e.Owner, "b")
	in := at("Hello", "2026-03-02T09:00:00Z", a, b)
	in.Targets[1].Items = []domain.Item{{Text: "Own"}, {Text: "Reply", Delay: time.Minute}}
	in.Tags = []string{"x"}
	v := create(t, e, in)
	due := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	if v.Summary != domain.SummaryScheduled || v.Post.State != domain.PostScheduled || !v.Post.DueAt.Equal(due) || v.Post.Revision != 1 {
		t.Errorf("got %+v, want a scheduled post", v)
	}
	got, err := e.Posts.Get(t.Context(), e.Owner, v.Post.ID)
	if err != nil || len(got.Deliveries) != 2 {
		t.Fatalf("got %+v, %v; want two deliveries", got, err)
	}
	for _, d := range got.Deliveries {
		items := 1
		if d.Channel == b.ID {
			items = 2
		}
		if d.State != domain.DeliveryScheduled || !d.DueAt.Equal(due) || !d.WakeAt.Equal(due) || len(d.Parts) != items || d.Provider != "test" || d.Revision != 1 {
			t.Errorf("got %+v, want it to wait for %v with %d items", d, due, items)
		}
	}
	if got, want := kinds(t, e, v.Post.ID), []string{"delivery.scheduled", "delivery.scheduled", "post.scheduled"}; !slices.Equal(got, want) {
		t.Errorf("got events %v, want %v", got, want)
	}
}

func TestNowIsDueNow(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	in := text("Hello", compose.Now, e.Connect(e.Owner, "a"))
	in.Time = "1999-01-01T00:00:00Z" // is not looked at
	v := create(t, e, in)
	if !v.Post.DueAt.Equal(enginetest.Start) || !v.Deliveries[0].WakeAt.Equal(enginetest.Start) {
		t.Errorf("got due %v, wake %v; want %v", v.Post.DueAt, v.Deliveries[0].WakeAt, enginetest.Start)
	}
	publish(t, e)
	got, err := e.Posts.Get(t.Context(), e.Owner, v.Post.ID)
	if err != nil || got.Summary != domain.SummaryPublished || len(got.Attempts) != 1 {
		t.Errorf("got %+v, %v; want it published with one attempt", got, err)
	}
}

func TestDraftsMayBeIncomplete(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	ch := e.Connect(e.Owner, "a")
	cases := map[string]compose.Input{
		"empty":             {Items: []domain.Item{{}}},
		"without channels":  text("Hello", ""),
		"too long for it":   text(strings.Repeat("x", 5000), compose.Draft, ch),
		"time in the past":  {Items: []domain.Item{{Text: "x"}}, When: compose.Draft, Time: "2020-01-01T00:00:00Z"},
		"bad settings":      {Items: []domain.Item{{Text: "x"}}, Targets: []domain.Target{{Channel: ch.ID, Settings: []byte(`{"no":1}`)}}},
		"more than it does": {Items: slices.Repeat([]domain.Item{{Text: "x"}}, 50), Targets: []domain.Target{{Channel: ch.ID}}},
	}
	for name, in := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := create(t, e, in)
			if v.Post.State != domain.PostDraft || v.Summary != domain.SummaryDraft || len(v.Deliveries) != 0 {
				t.Errorf("got %+v, want a draft without deliveries", v)
			}
			if got := kinds(t, e, v.Post.ID); !slices.Equal(got, []string{"post.drafted"}) {
				t.Errorf("got events %v, want post.drafted", got)
			}
		})
	}
}

func TestCreateSavesNothingOnAnyProblem(t *testing.T) {
	t.Parallel()
	mem := memstore.New()
	w := &enginetest.Watched{Store: mem}
	e := enginetest.New(t, func(c *core.Config) { c.Store = w })
	ch := e.Connect(e.Owner, "a")
	before := enginetest.Dump(mem)
	bad := []compose.Input{
		{},
		text("", compose.Now, ch), text("x", compose.Now), at("x", "2020-01-01T00:00:00Z", ch),
		text(strings.Repeat("x", 301), compose.Now, ch), text("x", "sometime", ch),
	}
	for i, in := range bad {
		if _, err := e.Posts.Create(t.Context(), e.Owner, in); fault.KindOf(err) != fault.Invalid {
			t.Errorf("input %d: got %v, want invalid", i, err)
		}
	}
	w.FailAppend = errors.New("the disk is full")
	if _, err := e.Posts.Create(t.Context(), e.Owner, text("x", compose.Now, ch)); !errors.Is(err, w.FailAppend) {
		t.Errorf("got %v, want the events to be in the same transaction", err)
	}
	if after := enginetest.Dump(mem); after != before {
		t.Errorf("something was saved:\n%s\nbefore:\n%s", after, before)
	}
}

func TestUpdateMovesCancelsAndAdds(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	a, b, c := e.Connect(e.Owner, "a"), e.Connect(e.Owner, "b"), e.Connect(e.Owner, "c")
	v := create(t, e, at("One", "2026-03-02T09:00:00Z", a, b))
	in := at("Two", "2026-03-03T09:00:00Z", b, c)
	in.Items = append(in.Items, domain.Item{Text: "Reply"})
	got, err := e.Posts.Update(t.Context(), e.Owner, v.Post.ID, v.Post.Version, in)
	if err != nil {
		t.Fatal(err)
	}
	byChannel := map[domain.ChannelID]domain.Delivery{}
	for _, d := range got.Deliveries {
		byChannel[d.Channel] = d
	}
	due := time.Date(2026, 3, 3, 9, 0, 0, 0, time.UTC)
	if d := byChannel[a.ID]; d.State != domain.DeliveryCanceled || !d.WakeAt.IsZero() {
		t.Errorf("a: got %s waking %v, want canceled", d.State, d.WakeAt)
	}
	for _, ch := range []domain.Channel{b, c} {
		if d := byChannel[ch.ID]; d.State != domain.DeliveryScheduled || !d.WakeAt.Equal(due) || !d.DueAt.Equal(due) || d.Revision != 2 || len(d.Parts) != 2 {
			t.Errorf("%s: got %+v, want it moved to %v with the new content", ch.Account, d, due)
		}
	}
	if len(got.Deliveries) != 3 || got.Post.Revision != 2 || got.Post.Version <= v.Post.Version {
		t.Errorf("got %d deliveries, revision %d, version %d", len(got.Deliveries), got.Post.Revision, got.Post.Version)
	}
	// Back again: a canceled delivery is not revived, a new one is made.
	got, err = e.Posts.Update(t.Context(), e.Owner, v.Post.ID, 0, at("Three", "2026-03-03T09:00:00Z", a))
	if err != nil {
		t.Fatal(err)
	}
	live := 0
	for _, d := range got.Deliveries {
		if d.State == domain.DeliveryScheduled {
			live++
			if d.Channel != a.ID || d.Revision != 3 {
				t.Errorf("got %+v, want a new one on a", d)
			}
		}
	}
	if live != 1 || got.Summary != domain.SummaryScheduled {
		t.Errorf("got %d live deliveries, %s; want one, scheduled", live, got.Summary)
	}
	if evs := kinds(t, e, v.Post.ID); evs[len(evs)-1] != "post.edited" {
		t.Errorf("got events %v, want post.edited at last", evs)
	}
}

func TestUpdateKeepsWhatIsOut(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	a, b := e.Connect(e.Owner, "a"), e.Connect(e.Owner, "b")
	v := create(t, e, text("One", compose.Now, a))
	publish(t, e)
	if _, err := e.Posts.Update(t.Context(), e.Owner, v.Post.ID, 0, text("Two", compose.Now, a, b)); !isTooLate(err) {
		t.Errorf("got %v, want too late: all of it is out", err)
	}
	e.Clock.Advance(time.Minute) // the channel keeps its pace
	v = create(t, e, text("One", compose.Now, a, b))
	failOn(e, "b")
	publish(t, e)
	got, err := e.Posts.Update(t.Context(), e.Owner, v.Post.ID, 0, text("Two", compose.Now, a, b))
	if err != nil {
		t.Fatalf("what failed cannot be edited: %v", err)
	}
	for _, d := range got.Deliveries {
		want, rev := domain.DeliveryPublished, 1
		if d.Channel == b.ID {
			want, rev = domain.DeliveryScheduled, 2
		}
		if d.State != want || d.Revision != rev {
			t.Errorf("got %s at revision %d, want %s at %d", d.State, d.Revision, want, rev)
		}
	}
	if _, err := e.Posts.Update(t.Context(), e.Owner, v.Post.ID, 0, text("Two", compose.Draft, a, b)); !isTooLate(err) {
		t.Errorf("got %v, want too late to become a draft", err)
	}
}

func isTooLate(err error) bool {
	return errors.Is(err, &fault.Error{Kind: fault.Conflict, Code: "too_late"})
}

func TestUpdateOfWhatIsOnItsWay(t *testing.T) {
	t.Parallel()
	ref := domain.Ref{ID: "r"}
	now := enginetest.Start
	steps := map[string]struct {
		do   func(d *domain.Delivery) error
		late bool
	}{
		"preparing":  {func(d *domain.Delivery) error { return d.Begin(now) }, false},
		"publishing": {func(d *domain.Delivery) error { return errors.Join(d.Begin(now), d.Intend("x", domain.Cursor{}, now)) }, true},
		"processing": {func(d *domain.Delivery) error {
			return errors.Join(d.Begin(now), d.Intend("x", domain.Cursor{}, now), d.Process(domain.Cursor{Next: "check"}, now, now, now))
		}, true},
		"unknown": {func(d *domain.Delivery) error {
			return errors.Join(d.Begin(now), d.Intend("x", domain.Cursor{}, now), d.Doubt(domain.Reason{}, now))
		}, true},
		"half a thread": {func(d *domain.Delivery) error {
			return errors.Join(d.Begin(now), d.Intend("x", domain.Cursor{}, now), d.Accept(ref, time.Hour, now))
		}, true},
		"half a thread failed": {func(d *domain.Delivery) error {
			return errors.Join(d.Begin(now), d.Intend("x", domain.Cursor{}, now), d.Accept(ref, 0, now), d.Fail(domain.Reason{}, now))
		}, true},
		"blocked": {func(d *domain.Delivery) error { return d.Block(domain.Reason{}, now, now) }, false},
		"missed":  {func(d *domain.Delivery) error { return d.Miss(domain.Reason{}, now) }, false},
		"failed":  {func(d *domain.Delivery) error { return errors.Join(d.Begin(now), d.Fail(domain.Reason{}, now)) }, false},
	}
	for name, tc := range steps {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := enginetest.New(t)
			a := e.Connect(e.Owner, "a")
			in := text("One", compose.Now, a)
			in.Items = append(in.Items, domain.Item{Text: "Reply"})
			v := create(t, e, in)
			if _, err := e.Store.Deliveries().Update(t.Context(), e.Org.ID, v.Deliveries[0].ID, tc.do); err != nil {
				t.Fatal(err)
			}
			before := enginetest.Dump(e.Store)
			_, err := e.Posts.Update(t.Context(), e.Owner, v.Post.ID, 0, at("Two", "2026-03-05T09:00:00Z", a))
			switch {
			case tc.late && (!isTooLate(err) || enginetest.Dump(e.Store) != before):
				t.Errorf("got %v, want too late and nothing changed", err)
			case !tc.late && err != nil:
				t.Errorf("got %v, want the change", err)
			}
		})
	}
}

func TestUpdateComparesTheVersion(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	a := e.Connect(e.Owner, "a")
	v := create(t, e, at("One", "2026-03-02T09:00:00Z", a))
	in := at("Two", "2026-03-02T09:00:00Z", a)
	if _, err := e.Posts.Update(t.Context(), e.Owner, v.Post.ID, v.Post.Version, in); err != nil {
		t.Fatal(err)
	}
	before := enginetest.Dump(e.Store)
	if _, err := e.Posts.Update(t.Context(), e.Owner, v.Post.ID, v.Post.Version, in); fault.KindOf(err) != fault.Stale {
		t.Errorf("got %v, want stale", err)
	}
	if err := e.Posts.Delete(t.Context(), e.Owner, v.Post.ID, v.Post.Version); fault.KindOf(err) != fault.Stale {
		t.Errorf("got %v, want stale", err)
	}
	if enginetest.Dump(e.Store) != before {
		t.Error("a refused change changed something")
	}
}

func TestDraftIsBookedAndTakenBack(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	a := e.Connect(e.Owner, "a")
	v := create(t, e, text("One", compose.Draft, a))
	booked, err := e.Posts.Update(t.Context(), e.Owner, v.Post.ID, 0, at("One", "2026-03-02T09:00:00Z", a))
	if err != nil || booked.Summary != domain.SummaryScheduled || len(booked.Deliveries) != 1 {
		t.Fatalf("got %+v, %v; want it scheduled", booked, err)
	}
	back, err := e.Posts.Update(t.Context(), e.Owner, v.Post.ID, 0, text("One", compose.Draft, a))
	if err != nil || back.Summary != domain.SummaryDraft || !slices.Equal(statesOf(back), []domain.DeliveryState{domain.DeliveryCanceled}) {
		t.Fatalf("got %+v, %v; want a draft", back, err)
	}
	e.Clock.Advance(48 * time.Hour)
	publish(t, e)
	if e.Platform.Calls("Publish") != 0 {
		t.Error("a draft was published")
	}
}

func TestDeleteWithdraws(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	a := e.Connect(e.Owner, "a")
	v := create(t, e, at("One", "2026-03-02T09:00:00Z", a))
	if err := e.Posts.Delete(t.Context(), e.Owner, v.Post.ID, v.Post.Version); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Posts.Get(t.Context(), e.Owner, v.Post.ID); fault.KindOf(err) != fault.NotFound {
		t.Errorf("got %v, want not found", err)
	}
	if err := e.Posts.Delete(t.Context(), e.Owner, v.Post.ID, 0); fault.KindOf(err) != fault.NotFound {
		t.Errorf("got %v, want not found", err)
	}
	if _, err := e.Posts.Update(t.Context(), e.Owner, v.Post.ID, 0, text("x", compose.Now, a)); fault.KindOf(err) != fault.NotFound {
		t.Errorf("got %v, want not found", err)
	}
	if _, err := e.Posts.TryAgain(t.Context(), e.Owner, v.Post.ID); fault.KindOf(err) != fault.NotFound {
		t.Errorf("got %v, want not found", err)
	}
	e.Clock.Advance(48 * time.Hour)
	publish(t, e)
	if e.Platform.Calls("Publish") != 0 {
		t.Error("a deleted post was published")
	}
	if got, want := kinds(t, e, v.Post.ID), []string{"delivery.scheduled", "post.scheduled", "delivery.canceled", "post.deleted"}; !slices.Equal(got, want) {
		t.Errorf("got events %v, want %v", got, want)
	}
}

func TestDeleteWhileItIsOnItsWay(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	v := create(t, e, text("One", compose.Now, e.Connect(e.Owner, "a")))
	now := enginetest.Start
	_, err := e.Store.Deliveries().Update(t.Context(), e.Org.ID, v.Deliveries[0].ID, func(d *domain.Delivery) error {
		return errors.Join(d.Begin(now), d.Intend("x", domain.Cursor{}, now))
	})
	if err != nil {
		t.Fatal(err)
	}
	before := enginetest.Dump(e.Store)
	if err := e.Posts.Delete(t.Context(), e.Owner, v.Post.ID, 0); !isTooLate(err) || enginetest.Dump(e.Store) != before {
		t.Errorf("got %v, want too late and nothing changed", err)
	}
}

func TestTryAgainTouchesOnlyWhatFailedOrWasMissed(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	var chans []domain.Channel
	for _, n := range []string{"failed", "missed", "unknown", "published", "blocked", "scheduled"} {
		chans = append(chans, e.Connect(e.Owner, n))
	}
	v := create(t, e, text("One", compose.Now, chans...))
	now := enginetest.Start
	moves := map[domain.ChannelID]func(*domain.Delivery) error{
		chans[0].ID: func(d *domain.Delivery) error {
			return errors.Join(d.Begin(now), d.Fail(domain.Reason{Code: "x"}, now))
		},
		chans[1].ID: func(d *domain.Delivery) error { return d.Miss(domain.Reason{Code: "x"}, now) },
		chans[2].ID: func(d *domain.Delivery) error {
			return errors.Join(d.Begin(now), d.Intend("i", domain.Cursor{}, now), d.Doubt(domain.Reason{}, now))
		},
		chans[3].ID: func(d *domain.Delivery) error {
			return errors.Join(d.Begin(now), d.Intend("i", domain.Cursor{}, now), d.Accept(domain.Ref{ID: "r"}, 0, now))
		},
		chans[4].ID: func(d *domain.Delivery) error { return d.Block(domain.Reason{}, now.Add(time.Hour), now) },
	}
	for _, d := range v.Deliveries {
		if move := moves[d.Channel]; move != nil {
			if _, err := e.Store.Deliveries().Update(t.Context(), e.Org.ID, d.ID, move); err != nil {
				t.Fatal(err)
			}
		}
	}
	e.Clock.Advance(time.Hour)
	got, err := e.Posts.TryAgain(t.Context(), e.Owner, v.Post.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range got.Deliveries {
		i := slices.IndexFunc(chans, func(c domain.Channel) bool { return c.ID == d.Channel })
		want := domain.DeliveryState(chans[i].Account)
		if i < 2 {
			want = domain.DeliveryScheduled
			if !d.WakeAt.Equal(e.Clock.Now()) || d.Reason.Code != "" {
				t.Errorf("%s: got wake %v, reason %+v; want now and none", chans[i].Account, d.WakeAt, d.Reason)
			}
		}
		if d.State != want {
			t.Errorf("%s: got %s, want %s", chans[i].Account, d.State, want)
		}
	}
	_, err = e.Posts.TryAgain(t.Context(), e.Owner, v.Post.ID)
	if !errors.Is(err, &fault.Error{Kind: fault.Conflict, Code: "nothing_to_retry"}) {
		t.Errorf("got %v, want nothing to retry", err)
	}
}

func TestListTakesTwoQueries(t *testing.T) {
	t.Parallel()
	w := &enginetest.Watched{Store: memstore.New()}
	e := enginetest.New(t, func(c *core.Config) { c.Store = w })
	a, b := e.Connect(e.Owner, "a"), e.Connect(e.Owner, "b")
	for range 12 {
		create(t, e, at("x", "2026-03-02T09:00:00Z", a, b))
	}
	for _, limit := range []int{1, 12, 50} {
		w.Queries()
		got, err := e.Posts.List(t.Context(), e.Owner, store.PostFilter{Page: store.Page{Limit: limit}})
		if err != nil || len(got) != min(limit, 12) || len(got[0].Deliveries) != 2 || got[0].Summary != domain.SummaryScheduled {
			t.Fatalf("got %d views, %v", len(got), err)
		}
		if n := w.Queries(); n != 2 {
			t.Errorf("%d posts: got %d queries, want 2", limit, n)
		}
	}
}

func TestRolesAndOwnership(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	ch := e.Connect(e.Owner, "a")
	ann := enginetest.As(e.Owner, domain.RoleUser, "ann")
	bob := enginetest.As(e.Owner, domain.RoleUser, "bob")
	admin := enginetest.As(e.Owner, domain.RoleAdmin, "cid")
	viewer := enginetest.As(e.Owner, domain.RoleViewer, "ann") // even of her own
	in := at("x", "2026-03-02T09:00:00Z", ch)
	v, err := e.Posts.Create(t.Context(), ann, in)
	if err != nil || v.Post.Author != "ann" {
		t.Fatalf("got author %q, %v; want ann", v.Post.Author, err)
	}
	_, stranger := e.NewOrganization("")
	cases := map[string]struct {
		a    domain.Actor
		read fault.Kind
		do   fault.Kind
	}{
		"viewer":   {viewer, "", fault.Denied},
		"other":    {bob, "", fault.Denied},
		"stranger": {stranger, fault.NotFound, fault.NotFound},
		"nobody":   {domain.Actor{}, fault.Unauthenticated, fault.Unauthenticated},
		"no role":  {domain.Actor{Organization: e.Org.ID}, fault.Denied, fault.Denied},
		"admin":    {admin, "", ""},
		"author":   {ann, "", ""},
	}
	for name, tc := range cases {
		if _, err := e.Posts.Get(t.Context(), tc.a, v.Post.ID); fault.KindOf(err) != tc.read {
			t.Errorf("%s reads: got %v, want %q", name, err, tc.read)
		}
		if _, err := e.Posts.Update(t.Context(), tc.a, v.Post.ID, 0, in); fault.KindOf(err) != tc.do {
			t.Errorf("%s edits: got %v, want %q", name, err, tc.do)
		}
		if tc.do == "" {
			continue
		}
		if err := e.Posts.Delete(t.Context(), tc.a, v.Post.ID, 0); fault.KindOf(err) != tc.do {
			t.Errorf("%s deletes: got %v, want %q", name, err, tc.do)
		}
		if _, err := e.Posts.TryAgain(t.Context(), tc.a, v.Post.ID); fault.KindOf(err) != tc.do {
			t.Errorf("%s tries again: got %v, want %q", name, err, tc.do)
		}
	}
	if _, err := e.Posts.Create(t.Context(), viewer, in); fault.KindOf(err) != fault.Denied {
		t.Errorf("viewer creates: got %v, want denied", err)
	}
	if got, err := e.Posts.List(t.Context(), stranger, store.PostFilter{Page: store.Page{Limit: 10}}); err != nil || len(got) != 0 {
		t.Errorf("stranger lists: got %v, %v; want nothing", got, err)
	}
}

// failOn makes the platform refuse what an account publishes.
func failOn(e *enginetest.Engine, account string) { e.Platform.OnPublish = refusing(account) }

func upload(t *testing.T, e *enginetest.Engine, a domain.Actor, body []byte) domain.Media {
	t.Helper()
	m, err := e.Media.Upload(t.Context(), a, "x.png", "", "", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return m
}
