package core_test

import (
	"testing"
	"time"

	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/testkit/enginetest"
)

func TestNobodyBooksOccurrencesIsNotReady(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	v, err := e.Posts.Create(t.Context(), e.Owner, core.PostInput{
		Items: []domain.Item{{Text: "x"}}, Targets: []domain.Target{{Channel: e.Connect(e.Owner, "a").ID}},
		When: core.At, Time: "2026-03-02T09:00", Recurrence: &domain.Recurrence{EveryDays: 1},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range v.Deliveries { // nothing is due that a worker could leave lying
		if _, err := e.Posts.Skip(t.Context(), e.Owner, v.Post.ID, d.ID); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.Ready(t.Context()); err != nil {
		t.Errorf("before it is time: got %v, want it ready", err)
	}
	e.Clock.Advance(48 * time.Hour)
	if err := e.Ready(t.Context()); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("a day late: got %v, want it not ready", err)
	}
	_, next, err := e.Tick(t.Context())
	if want := time.Date(2026, 3, 4, 9, 0, 0, 0, time.UTC); err != nil || !next.Equal(want) {
		t.Errorf("Tick: got next %v, %v; want the next occurrence, %v", next, err, want)
	}
	if err := e.Ready(t.Context()); err != nil {
		t.Errorf("after a tick: got %v, want it ready", err)
	}
}
