package compose_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/crierhq/crier/core/compose"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/testkit/enginetest"
)

// withSlots connects a channel that has posting times at these hours of every
// Monday.
func withSlots(t *testing.T, e *enginetest.Engine, account string, hours ...int) domain.Channel {
	t.Helper()
	ch := e.Connect(e.Owner, account)
	var slots []domain.Slot
	for _, h := range hours {
		slots = append(slots, domain.Slot{Weekday: time.Monday, Minute: h * 60})
	}
	if _, err := e.Channels.SetSlots(t.Context(), e.Owner, ch.ID, "", slots); err != nil {
		t.Fatal(err)
	}
	return ch
}

func dues(v compose.View) []string {
	var out []string
	for _, d := range v.Deliveries {
		out = append(out, fmt.Sprint(d.Channel == v.Post.Targets[0].Channel, " ", d.DueAt.Format("02 15:04"), " ", d.State))
	}
	return out
}

func TestEachChannelGetsItsNextFreeSlot(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	a, b := withSlots(t, e, "a", 9, 15), withSlots(t, e, "b", 12)
	create(t, e, at("taken", "2026-03-02T09:00", a))
	first := create(t, e, text("x", compose.Queue, a, b))
	same(t, "first", dues(first), []string{"false 02 12:00 scheduled", "true 02 15:00 scheduled"})
	if !first.Post.DueAt.Equal(march(2, 12)) || !first.Post.Queued || first.Post.Wall != "2026-03-02T12:00:00" {
		t.Errorf("got due %v, queued %v, wall %s; want the earliest", first.Post.DueAt, first.Post.Queued, first.Post.Wall)
	}
	second := create(t, e, text("y", compose.Queue, a, b))
	same(t, "second", dues(second), []string{"true 09 09:00 scheduled", "false 09 12:00 scheduled"})
	free, err := e.Posts.FreeSlots(t.Context(), e.Owner, a.ID, 2)
	if want := []time.Time{march(9, 15), march(16, 9)}; err != nil || !slices.Equal(free, want) {
		t.Errorf("free: got %v, %v; want %v", free, err, want)
	}
	if err := e.Posts.Delete(t.Context(), e.Owner, first.Post.ID, 0); err != nil {
		t.Fatal(err)
	}
	same(t, "after a delete", dues(create(t, e, text("z", compose.Queue, a))), []string{"true 02 15:00 scheduled"})
}

func TestAQueuedPostKeepsItsSlotWhenItIsEdited(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	a, b := withSlots(t, e, "a", 9, 15), withSlots(t, e, "b", 12)
	v := create(t, e, text("x", compose.Queue, a))
	create(t, e, text("behind", compose.Queue, a))
	same(t, "content", dues(update(t, e, v.Post.ID, text("y", compose.Queue, a))), []string{"true 02 09:00 scheduled"})
	if _, err := e.Channels.SetSlots(t.Context(), e.Owner, a.ID, "", []domain.Slot{{Weekday: time.Friday}}); err != nil {
		t.Fatal(err)
	}
	same(t, "slots that changed", dues(update(t, e, v.Post.ID, text("z", compose.Queue, a, b))), []string{"true 02 09:00 scheduled", "false 02 12:00 scheduled"})
	same(t, "a time of its own", dues(update(t, e, v.Post.ID, at("z", "2026-03-03T10:07", a))), []string{"false 02 12:00 canceled", "true 03 10:07 scheduled"})
	same(t, "queued again", dues(update(t, e, v.Post.ID, text("z", compose.Queue, a))), []string{"false 02 12:00 canceled", "true 06 00:00 scheduled"})
}

func TestQueueProblems(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	none, some := e.Connect(e.Owner, "none"), withSlots(t, e, "some", 9)
	same(t, "no slots", problemsOf(t, e, text("x", compose.Queue, some, none)), []string{"channels[1].id no_slots"})
	in := text("x", compose.Queue, some)
	in.Time = "2026-03-05T09:00"
	same(t, "with a time", problemsOf(t, e, in), []string{"scheduledAt not_together"})
	if free, err := e.Posts.FreeSlots(t.Context(), e.Owner, none.ID, 3); err != nil || len(free) != 0 {
		t.Errorf("got %v, %v; want no free slots", free, err)
	}
	_, other := e.NewOrganization("")
	if _, err := e.Posts.FreeSlots(t.Context(), other, some.ID, 3); fault.KindOf(err) != fault.NotFound {
		t.Errorf("of others: got %v, want not found", err)
	}
}

func TestSlotsAreOnTheClocksOfTheOrganization(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	_, e.Owner = e.NewOrganization("Europe/Berlin")
	ch := withSlots(t, e, "a", 9)
	v := create(t, e, text("x", compose.Queue, ch))
	if !v.Post.DueAt.Equal(march(2, 8)) || v.Post.Zone != "Europe/Berlin" || v.Post.Wall != "2026-03-02T09:00:00" {
		t.Errorf("got %v, %s in %s; want 9 o'clock there", v.Post.DueAt, v.Post.Wall, v.Post.Zone)
	}
}

func TestTwoPostsNeverGetTheSameSlot(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	a, b := withSlots(t, e, "a", 9, 15), withSlots(t, e, "b", 9, 15)
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			in := text("x", compose.Queue, a, b)
			if i%2 == 0 {
				in = text("x", compose.Queue, b, a)
			}
			if _, err := e.Posts.Create(t.Context(), e.Owner, in); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, ch := range []domain.Channel{a, b} {
		taken, err := e.Store.Deliveries().Taken(t.Context(), e.Org.ID, ch.ID, e.Clock.Now())
		if err != nil || len(taken) != 20 {
			t.Errorf("got %d instants for 20 posts, %v", len(taken), err)
		}
	}
}
