package recurring_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/crierhq/crier/adapters/memstore"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/store"
	"github.com/crierhq/crier/testkit/recurtest"
)

// TestPreviewIsWhatHappens: over random rules in zones that change their
// clocks, exactly the occurrences of the preview are booked and published, at
// their times, however often the engine is started anew and sleeps too long.
func TestPreviewIsWhatHappens(t *testing.T) {
	t.Parallel()
	zones := []string{"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "America/Sao_Paulo", "UTC", "Pacific/Apia"}
	for seed := range uint64(60) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(seed, 8))
			memory := memstore.New()
			rule, anchor := recurtest.RandomRule(r)
			zone := zones[r.IntN(len(zones))]
			loc, err := time.LoadLocation(zone)
			if err != nil {
				t.Fatal(err)
			}
			start := domain.FromWall(anchor, loc).Add(time.Duration(r.IntN(400)-200) * 24 * time.Hour)
			if start.Year() < 2000 {
				anchor = anchor.AddDate(20, 0, 0)
				if !rule.Until.IsZero() {
					rule.Until = rule.Until.AddDate(20, 0, 0)
				}
				start = domain.FromWall(anchor, loc).Add(time.Duration(r.IntN(400)-200) * 24 * time.Hour)
			}
			w := newWorld(t, func() store.Store { return memory }, "", start)
			in := input("x", anchor.Format("2006-01-02T15:04:05"), zone, &domain.Recurrence{Rule: rule.String()}, w.connect("ann"))
			problems, err := w.Posts.Validate(t.Context(), w.owner, in)
			if err != nil {
				t.Fatal(err)
			}
			if len(problems) > 0 {
				t.Skip("it never fires, or is over")
			}
			want := w.preview(in, 40)
			v, err := w.Posts.Create(t.Context(), w.owner, in)
			if err != nil {
				t.Fatal(err)
			}
			w.checkPreview(r, v.Post.ID, want)
		})
	}
}

// checkPreview lets time pass until all of want should have happened.
func (w *world) checkPreview(r *rand.Rand, id domain.PostID, want []domain.Occurrence) {
	w.t.Helper()
	end := want[len(want)-1].At
	// From time to time the engine is away for some hours, but not for so long
	// that anything is too late.
	for w.clock().Before(end) {
		w.until(w.clock().Add(time.Duration(1+r.IntN(300)) * 24 * time.Hour))
		w.restart()
		w.mu.Lock()
		w.now = w.now.Add(time.Duration(r.IntN(5)) * time.Hour)
		w.mu.Unlock()
	}
	w.until(w.clock())
	got := w.all(id)
	if len(got) < len(want) {
		w.t.Fatalf("got %d occurrences, want the %d of the preview", len(got), len(want))
	}
	for i, o := range want {
		d := got[i]
		if d.Occurrence != o.Key || !d.DueAt.Equal(o.At) || d.State != domain.DeliveryPublished {
			w.t.Fatalf("occurrence %d: got %s due %v, %s; want %s at %v, published", i, d.Occurrence, d.DueAt, d.State, o.Key, o.At)
		}
	}
}
