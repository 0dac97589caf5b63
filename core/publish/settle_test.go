package publish_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/crierhq/crier/core/compose"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
)

// lostFirst loses the answer of the first call, which was accepted or not.
func lostFirst(accepted bool) func(int) (bool, error) {
	return func(n int) (bool, error) {
		if n == 1 {
			return accepted, lost
		}
		return true, nil
	}
}

func TestPersonSaysThatItIsThere(t *testing.T) {
	t.Parallel()
	p := &platform{answer: lostFirst(true)}
	in(t, p, func(t *testing.T, w *world) {
		v := w.post("one", "two")
		w.settle()
		d := w.wantState(v.Post.ID, domain.DeliveryUnknown)
		if _, err := w.eng.Posts.Settle(t.Context(), w.actor, v.Post.ID, d.ID, compose.Answer{There: true, Link: "https://example.org/post-1"}); err != nil {
			t.Fatal(err)
		}
		w.settle()
		got := w.wantState(v.Post.ID, domain.DeliveryPublished)
		if got.Parts[0].Ref.URL != "https://example.org/post-1" || len(p.accepted()) != 2 {
			t.Errorf("got %+v and %d items on the platform", got.Parts[0].Ref, len(p.accepted()))
		}
		w.checkLedger(w.view(v.Post.ID))
		if at := w.view(v.Post.ID).Attempts; at[0].Result != domain.AttemptAccepted {
			t.Errorf("the ledger says %s of the first attempt", at[0].Result)
		}
		if got := w.events(v.Post.ID); !slices.Contains(got, "post.unknown") || !slices.Contains(got, "post.published") {
			t.Errorf("got events %v", got)
		}
	})
}

func TestPersonSaysThatItIsNotThere(t *testing.T) {
	t.Parallel()
	p := &platform{answer: lostFirst(false)}
	in(t, p, func(t *testing.T, w *world) {
		v := w.post("one")
		w.settle()
		d := w.wantState(v.Post.ID, domain.DeliveryUnknown)
		if _, err := w.eng.Posts.Settle(t.Context(), w.actor, v.Post.ID, d.ID, compose.Answer{}); err != nil {
			t.Fatal(err)
		}
		w.settle()
		w.wantState(v.Post.ID, domain.DeliveryPublished)
		w.checkLedger(w.view(v.Post.ID))
	})
}

func TestOnlyDoubtCanBeSettled(t *testing.T) {
	t.Parallel()
	in(t, &platform{}, func(t *testing.T, w *world) {
		v := w.post("one")
		other := w.post("other")
		w.settle()
		d := w.wantState(v.Post.ID, domain.DeliveryPublished)
		for name, tc := range map[string]struct {
			post domain.PostID
			ans  compose.Answer
			want error
		}{
			"published, there":     {v.Post.ID, compose.Answer{There: true}, &fault.Error{Kind: fault.Conflict, Code: "not_in_doubt"}},
			"published, not there": {v.Post.ID, compose.Answer{}, &fault.Error{Kind: fault.Conflict, Code: "not_in_doubt"}},
			"of another post":      {other.Post.ID, compose.Answer{There: true}, &fault.Error{Kind: fault.NotFound}},
			"no link":              {v.Post.ID, compose.Answer{There: true, Link: "javascript:alert(1)"}, &fault.Error{Kind: fault.Invalid}},
		} {
			if _, err := w.eng.Posts.Settle(t.Context(), w.actor, tc.post, d.ID, tc.ans); !errors.Is(err, tc.want) {
				t.Errorf("%s: got %v, want %v", name, err, tc.want)
			}
		}
		stranger := domain.Actor{Organization: "elsewhere", Role: domain.RoleOwner}
		if _, err := w.eng.Posts.Settle(t.Context(), stranger, v.Post.ID, d.ID, compose.Answer{}); !errors.Is(err, &fault.Error{Kind: fault.NotFound}) {
			t.Errorf("another organization: got %v, want not found", err)
		}
		if len(w.plat.accepted()) != 2 {
			t.Errorf("the platform has %d items, want 2", len(w.plat.accepted()))
		}
	})
}
