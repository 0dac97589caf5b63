package recurring_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/crierhq/crier/adapters/memstore"
	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/store"
)

func berlin(t testing.TB) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

// TestRegression08WeeklyPostFiresOnItsDay: a post made on a Thursday for every
// Tuesday at nine fires then and only then, while the clocks change twice, the
// engine is started anew each month, and the post is edited in June.
func TestRegression08WeeklyPostFiresOnItsDay(t *testing.T) {
	t.Parallel()
	loc := berlin(t)
	for name, open := range stores(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, open, "Europe/Berlin", time.Date(2026, 3, 12, 10, 0, 0, 0, loc))
			a, b := w.connect("ann"), w.connect("bob")
			weekly := &domain.Recurrence{Rule: "FREQ=WEEKLY"}
			v, err := w.Posts.Create(t.Context(), w.owner, input("first", "2026-03-17T09:00", "", weekly, a, b))
			if err != nil {
				t.Fatal(err)
			}
			edited := time.Date(2026, 6, 10, 12, 0, 0, 0, loc)
			for day := time.Date(2026, 4, 1, 0, 0, 0, 0, loc); day.Year() == 2026; day = day.AddDate(0, 1, 0) {
				if day.After(edited) && w.clock().Before(edited) {
					w.until(edited)
					if _, err := w.Posts.Update(t.Context(), w.owner, v.Post.ID, 0, input("second", "2026-03-17T09:00", "", weekly, a, b)); err != nil {
						t.Fatal(err)
					}
				}
				w.until(day)
				w.restart()
			}
			w.checkTuesdays(v.Post.ID, edited, w.clock())
		})
	}
}

func (w *world) checkTuesdays(id domain.PostID, edited, end time.Time) {
	w.t.Helper()
	var want []string
	history := map[string]int{} // revision of each occurrence
	for at := time.Date(2026, 3, 17, 9, 0, 0, 0, edited.Location()); at.Before(end); at = at.AddDate(0, 0, 7) {
		text, revision := "first", 1
		if at.After(edited) {
			text, revision = "second", 2
		}
		history[at.Format("2006-01-02T15:04:05")] = revision
		for _, account := range []string{"ann", "bob"} {
			want = append(want, fmt.Sprint(at.UTC(), account, text))
		}
	}
	var got []string
	for _, f := range w.out {
		got = append(got, fmt.Sprint(f.at.UTC(), f.account, f.text))
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		w.t.Errorf("published: got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	links := map[string]bool{}
	for _, d := range w.all(id) {
		if d.DueAt.After(end) {
			continue
		}
		if d.State != domain.DeliveryPublished || d.Revision != history[d.Occurrence] || d.Attempts != 1 || links[d.Parts[0].Ref.URL] {
			w.t.Errorf("occurrence %s: got %s, revision %d, %d attempts; want it published once, with revision %d and a link of its own",
				d.Occurrence, d.State, d.Revision, d.Attempts, history[d.Occurrence])
			continue
		}
		links[d.Parts[0].Ref.URL] = true
	}
	if len(links) != len(want) {
		w.t.Errorf("got %d occurrences with a link, want %d", len(links), len(want))
	}
}

// TestRegression08RunningEngine is the same with Run instead of Tick, in
// simulated time.
func TestRegression08RunningEngine(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		memory := memstore.New()
		w := newWorld(t, func() store.Store { return memory }, "Europe/Berlin", time.Time{})
		a := w.connect("ann")
		start := time.Now().In(berlin(t))
		first := time.Date(start.Year(), start.Month(), start.Day(), 9, 0, 0, 0, start.Location()).AddDate(0, 0, 3)
		v, err := w.Posts.Create(t.Context(), w.owner, input("x", first.Format("2006-01-02T15:04"), "", &domain.Recurrence{Rule: "FREQ=WEEKLY"}, a))
		if err != nil {
			t.Fatal(err)
		}
		const weeks = 3
		for range weeks {
			ctx, stop := context.WithTimeout(t.Context(), 7*24*time.Hour)
			if err := w.Run(ctx); err != nil {
				t.Error(err)
			}
			stop()
			w.restart()
		}
		if len(w.out) != weeks {
			t.Fatalf("got %d publications, want %d", len(w.out), weeks)
		}
		for i, f := range w.out {
			if late := f.at.Sub(first.AddDate(0, 0, 7*i)); late < 0 || late > time.Second {
				t.Errorf("publication %d: got it %v late, want at most a second", i, late)
			}
		}
		if got := len(w.all(v.Post.ID)); got != weeks+2 {
			t.Errorf("got %d occurrences, want %d", got, weeks+2)
		}
	})
}

// preview asks for the next n times of a wish.
func (w *world) preview(in core.PostInput, n int) []domain.Occurrence {
	w.t.Helper()
	list, err := w.Posts.Preview(w.t.Context(), w.owner, core.PreviewInput{Time: in.Time, Zone: in.Zone, Recurrence: in.Recurrence, Count: n})
	if err != nil {
		w.t.Fatal(err)
	}
	return list
}
