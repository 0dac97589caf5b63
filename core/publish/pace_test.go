package publish_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/social"
)

// checkPace checks that no two posts of an account came closer than gap.
func checkPace(t *testing.T, posts []accepted, gap time.Duration) {
	t.Helper()
	last := map[string]time.Time{}
	for _, p := range posts {
		if was, ok := last[p.Account]; ok && p.At.Sub(was) < gap {
			t.Errorf("%s went out %s after the one before it on %s, want %s at least", p.Text, p.At.Sub(was), p.Account, gap)
		}
		last[p.Account] = p.At
	}
}

// run has several loops on one store work for d.
func (w *world) run(workers int, d time.Duration) {
	w.t.Helper()
	ctx, cancel := context.WithCancel(w.t.Context())
	engines := []*core.Engine{w.eng}
	for len(engines) < workers {
		w.life.Add(-1) // several processes live at once
		w.boot()
		engines = append(engines, w.eng)
	}
	var wg sync.WaitGroup
	for _, eng := range engines {
		wg.Go(func() {
			if err := eng.Run(ctx); err != nil {
				w.t.Error(err)
			}
		})
	}
	time.Sleep(d)
	cancel()
	wg.Wait()
}

// book books a text on a channel.
func (w *world) book(a domain.Actor, ch domain.Channel, text string, due time.Time) domain.PostID {
	w.t.Helper()
	v, err := w.eng.Posts.Create(w.t.Context(), a, core.PostInput{
		Items: []domain.Item{{Text: text}}, Targets: []domain.Target{{Channel: ch.ID}},
		When: core.At, Time: due.Format(time.RFC3339Nano),
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return v.Post.ID
}

func (w *world) connect(a domain.Actor, account string) domain.Channel {
	w.t.Helper()
	ch, err := w.eng.Channels.ConnectForm(w.t.Context(), a, "made-up", map[string]string{"account": account})
	if err != nil {
		w.t.Fatal(err)
	}
	return ch
}

// TestRegression09BacklogNeverBursts: what was reported of others is that many
// posts of one account, due together after an outage, all went out at once.
func TestRegression09BacklogNeverBursts(t *testing.T) {
	t.Parallel()
	p := &platform{}
	in(t, p, func(t *testing.T, w *world) {
		other := w.connect(w.actor, "other")
		if _, err := w.st.Channels().Update(t.Context(), w.actor.Organization, w.channel.ID, func(c *domain.Channel) error {
			c.Gap = 2 * time.Minute
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		due := time.Now().Add(time.Minute)
		for i := range 18 {
			w.book(w.actor, w.channel, fmt.Sprintf("%02d", i), due.Add(time.Duration(i)*time.Second))
		}
		quick := w.book(w.actor, other, "quick", due)
		time.Sleep(time.Hour) // nobody works
		w.run(2, time.Hour)
		posts := p.accepted()
		if len(posts) != 19 {
			t.Fatalf("got %d posts, want 19", len(posts))
		}
		checkPace(t, posts, 2*time.Minute)
		n := 0
		for _, got := range posts {
			if got.Account != w.channel.Account {
				continue
			}
			if want := fmt.Sprintf("%02d", n); got.Text != want {
				t.Errorf("post %d is %s: they are not in due order", n, got.Text)
			}
			n++
		}
		if v := w.view(quick); v.Deliveries[0].Parts[0].PublishedAt.Sub(due) > time.Hour+time.Second {
			t.Errorf("the other channel waited until %s", v.Deliveries[0].Parts[0].PublishedAt)
		}
	})
}

// TestOneTenantDoesNotStarveAnother: one organization has far more due than the
// worker can do at once, and calls that take long.
func TestOneTenantDoesNotStarveAnother(t *testing.T) {
	t.Parallel()
	p := &platform{delay: 30 * time.Second}
	in(t, p, func(t *testing.T, w *world) {
		org, err := w.eng.Accounts.CreateOrganization(t.Context(), "Small", "")
		if err != nil {
			t.Fatal(err)
		}
		small := domain.System(org.ID)
		w.worker.Concurrency = 8
		w.boot()
		theirs := w.connect(small, "small")
		due := time.Now().Add(time.Minute)
		for i := range 40 {
			ch := w.connect(w.actor, fmt.Sprint("big", i))
			w.book(w.actor, ch, "big", due)
		}
		id := w.book(small, theirs, "small", due.Add(time.Second))
		w.run(1, 10*time.Minute)
		if late := w.viewAs(small, id).Deliveries[0].Parts[0].PublishedAt.Sub(due); late > 40*time.Second {
			t.Errorf("the small one went out %s late, want no more than its own call and a second", late)
		}
	})
}

// TestHeadOfLaneThatNobodyCanWorkOn: a delivery whose post is gone fails by
// itself, and keeps neither its channel from publishing nor the others of its
// claim.
func TestHeadOfLaneThatNobodyCanWorkOn(t *testing.T) {
	t.Parallel()
	p := &platform{}
	in(t, p, func(t *testing.T, w *world) {
		due := time.Now().Add(time.Minute)
		if err := w.st.Deliveries().Insert(t.Context(), w.actor.Organization, domain.Delivery{
			ID: "broken", Organization: w.actor.Organization, Post: "gone", Channel: w.channel.ID, Provider: "made-up",
			State: domain.DeliveryScheduled, DueAt: due.Add(-time.Second), WakeAt: due.Add(-time.Second),
			Revision: 1, Parts: make([]domain.Part, 1), Version: 1,
		}); err != nil {
			t.Fatal(err)
		}
		id := w.book(w.actor, w.channel, "fine", due)
		other := w.book(w.actor, w.connect(w.actor, "other"), "fine", due.Add(-time.Second))
		w.run(1, 5*time.Minute)
		if d := w.wantState(other, domain.DeliveryPublished); d.Tries > 0 || d.Parts[0].PublishedAt.After(due) {
			t.Errorf("another channel was held up until %s", d.Parts[0].PublishedAt)
		}
		w.wantState(id, domain.DeliveryPublished)
		d, err := w.st.Deliveries().Get(t.Context(), w.actor.Organization, "broken")
		if err != nil || d.State != domain.DeliveryFailed || d.Reason.Code != "internal" {
			t.Errorf("got %s %+v, %v; want it failed", d.State, d.Reason, err)
		}
	})
}

// TestWorkersShareTheLimitOfAnApp: the platform allows our app five posts an
// hour, whatever the number of accounts and of workers.
func TestWorkersShareTheLimitOfAnApp(t *testing.T) {
	t.Parallel()
	p := &platform{limits: []social.RateLimit{{Calls: 5, Per: time.Hour}}}
	in(t, p, func(t *testing.T, w *world) {
		due := time.Now().Add(time.Minute)
		var ids []domain.PostID
		for i := range 12 {
			ids = append(ids, w.book(w.actor, w.connect(w.actor, fmt.Sprint("a", i)), "hello", due))
		}
		w.run(2, 4*time.Hour)
		posts := p.accepted()
		for i, from := range posts {
			if n := i + 5; n < len(posts) && posts[n].At.Sub(from.At) < time.Hour {
				t.Errorf("post %d went out %s after post %d: that is six in an hour", n, posts[n].At.Sub(from.At), i)
			}
		}
		for _, id := range ids {
			w.wantState(id, domain.DeliveryPublished)
		}
	})
}

// TestRefusalOfAnAppHoldsAll: the platform has had enough of our app, and every
// other channel heeds it without asking.
func TestRefusalOfAnAppHoldsAll(t *testing.T) {
	t.Parallel()
	p := &platform{limits: []social.RateLimit{{Calls: 1000, Per: time.Hour}}}
	p.answer = func(n int) (bool, error) {
		if n > 1 {
			return true, nil
		}
		return false, &social.Error{Code: social.CodeRateLimited, Scope: social.ScopeApp, RetryAfter: 30 * time.Minute, Message: "Slow down."}
	}
	in(t, p, func(t *testing.T, w *world) {
		due := time.Now().Add(time.Minute)
		for i := range 6 {
			w.book(w.actor, w.connect(w.actor, fmt.Sprint("a", i)), "hello", due.Add(time.Duration(i)*time.Second))
		}
		w.run(2, 2*time.Hour)
		posts := p.accepted()
		if len(posts) != 6 || p.calls != 7 {
			t.Fatalf("got %d posts in %d calls, want 6 in 7", len(posts), p.calls)
		}
		for _, a := range posts {
			if wait := a.At.Sub(due); wait < 30*time.Minute {
				t.Errorf("%s went out after %s, want 30 minutes at least", a.Account, wait)
			}
		}
	})
}

// TestPlatformsGapHolds: a platform asks for more time between two posts than
// the installation does.
func TestPlatformsGapHolds(t *testing.T) {
	t.Parallel()
	p := &platform{gap: 3 * time.Minute}
	in(t, p, func(t *testing.T, w *world) {
		for i := range 3 {
			w.book(w.actor, w.channel, "hello", time.Now().Add(time.Duration(i)*time.Second))
		}
		w.run(1, time.Hour)
		if n := len(p.accepted()); n != 3 {
			t.Fatalf("got %d posts, want 3", n)
		}
		checkPace(t, p.accepted(), 3*time.Minute)
	})
}

// TestOutageWhileLooking: an answer is lost, and then the platform is away for
// twenty minutes. That it cannot be asked is no reason to ask a person.
func TestOutageWhileLooking(t *testing.T) {
	t.Parallel()
	p := &platform{findable: true, answer: func(int) (bool, error) { return true, errors.New("reset") }}
	in(t, p, func(_ *testing.T, w *world) {
		begin := time.Now()
		p.blind = func() bool { return time.Since(begin) < 20*time.Minute }
		v := w.post("hello")
		w.run(1, 2*time.Hour)
		w.wantState(v.Post.ID, domain.DeliveryPublished)
		p.blind = func() bool { return true }
		v = w.post("again")
		w.run(1, 3*time.Hour)
		w.wantState(v.Post.ID, domain.DeliveryUnknown)
	})
}
