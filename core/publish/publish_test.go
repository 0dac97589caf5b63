package publish_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/social"
)

// in runs fn on a fresh world in a bubble of its own.
func in(t *testing.T, p *platform, fn func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { fn(t, newWorld(t, p)) })
}

// failing answers the first calls with errs, and accepts the later ones and those
// whose error is nil.
func failing(errs ...error) func(int) (bool, error) {
	return func(n int) (bool, error) {
		if n <= len(errs) {
			return errs[n-1] == nil, errs[n-1]
		}
		return true, nil
	}
}

func TestPublishesAtItsTimeAndTellsEveryStep(t *testing.T) {
	t.Parallel()
	p := &platform{}
	in(t, p, func(t *testing.T, w *world) {
		v := w.post("hello")
		w.settle()
		d := w.wantState(v.Post.ID, domain.DeliveryPublished)
		if got := time.Since(v.Post.DueAt); got != 0 {
			t.Errorf("went out %s after its time, want at once", got)
		}
		if d.Parts[0].Ref.URL != "https://example.org/post-1" {
			t.Errorf("got link %q", d.Parts[0].Ref.URL)
		}
		want := []string{"delivery.scheduled", "post.scheduled", "delivery.publishing", "delivery.published", "post.published"}
		if got := w.events(v.Post.ID); !slices.Equal(got, want) {
			t.Errorf("got events %v, want %v", got, want)
		}
		got := w.view(v.Post.ID)
		if len(got.Attempts) != 1 || got.Attempts[0].Result != domain.AttemptAccepted || got.Summary != domain.SummaryPublished {
			t.Errorf("got attempts %+v and summary %s", got.Attempts, got.Summary)
		}
	})
}

// TestEveryCode holds the policy: what each code leads to when it comes once,
// and when it comes every time.
func TestEveryCode(t *testing.T) {
	t.Parallel()
	for code, want := range map[social.Code]struct {
		once, always domain.DeliveryState
		calls        int // when it comes every time
	}{
		social.CodeRejected:       {domain.DeliveryFailed, domain.DeliveryFailed, 1},
		social.CodeUnsupported:    {domain.DeliveryFailed, domain.DeliveryFailed, 1},
		social.CodeDuplicate:      {domain.DeliveryUnknown, domain.DeliveryUnknown, 1},
		social.CodeAuthExpired:    {domain.DeliveryMissed, domain.DeliveryMissed, 1},
		social.CodeAuthRevoked:    {domain.DeliveryMissed, domain.DeliveryMissed, 1},
		social.CodeScopeMissing:   {domain.DeliveryMissed, domain.DeliveryMissed, 1},
		social.CodeAccountBlocked: {domain.DeliveryMissed, domain.DeliveryMissed, 1},
		social.CodeRateLimited:    {domain.DeliveryPublished, domain.DeliveryFailed, 0},
		social.CodeQuota:          {domain.DeliveryPublished, domain.DeliveryFailed, 0},
		social.CodeUnavailable:    {domain.DeliveryPublished, domain.DeliveryFailed, 3},
		social.CodeOutcomeUnknown: {domain.DeliveryUnknown, domain.DeliveryUnknown, 1},
	} {
		e := social.Errorf(code, "The platform said so.")
		t.Run(string(code)+" once", func(t *testing.T) {
			t.Parallel()
			in(t, &platform{answer: failing(e)}, func(_ *testing.T, w *world) {
				v := w.post("hello")
				w.settle()
				w.wantState(v.Post.ID, want.once)
				w.checkLedger(w.view(v.Post.ID))
			})
		})
		t.Run(string(code)+" always", func(t *testing.T) {
			t.Parallel()
			p := &platform{answer: func(int) (bool, error) { return false, e }}
			in(t, p, func(t *testing.T, w *world) {
				v := w.post("hello")
				w.settle()
				d := w.wantState(v.Post.ID, want.always)
				if want.calls > 0 && p.calls != want.calls {
					t.Errorf("got %d calls, want %d", p.calls, want.calls)
				}
				if !strings.Contains(d.Reason.Message, "The platform said so.") && code != social.CodeAuthExpired {
					t.Errorf("the reason %q does not say what the platform said", d.Reason.Message)
				}
				w.checkLedger(w.view(v.Post.ID))
			})
		})
	}
	if len(social.Codes()) != 11 {
		t.Error("there is a code that this table does not know")
	}
}

func TestUnclassifiedErrorIsNeverRetried(t *testing.T) {
	t.Parallel()
	p := &platform{answer: failing(errors.New("connection reset"))}
	in(t, p, func(t *testing.T, w *world) {
		v := w.post("hello")
		w.settle()
		w.wantState(v.Post.ID, domain.DeliveryUnknown)
		if p.calls != 1 {
			t.Errorf("got %d calls, want 1", p.calls)
		}
	})
}

func TestDuplicateIsAdopted(t *testing.T) {
	t.Parallel()
	r := ref("elsewhere")
	p := &platform{answer: failing(&social.Error{Code: social.CodeDuplicate, Message: "You said that.", Existing: &r})}
	in(t, p, func(t *testing.T, w *world) {
		v := w.post("hello")
		w.settle()
		d := w.delivery(v.Post.ID)
		if d.State != domain.DeliveryPublished || d.Parts[0].Ref.ID != "elsewhere" {
			t.Errorf("got %s at %+v", d.State, d.Parts[0].Ref)
		}
	})
}

// TestDuplicateOfAnotherPost: a platform that has the words already, as another
// post of the channel, has not published this one.
func TestDuplicateOfAnotherPost(t *testing.T) {
	t.Parallel()
	there := ref("post-1")
	p := &platform{answer: failing(nil, &social.Error{Code: social.CodeDuplicate, Message: "You said that.", Existing: &there})}
	in(t, p, func(t *testing.T, w *world) {
		first := w.post("hello")
		w.settle()
		second := w.post("Hello")
		w.settle()
		w.wantState(first.Post.ID, domain.DeliveryPublished)
		w.wantState(second.Post.ID, domain.DeliveryFailed)
		if r := w.delivery(second.Post.ID).Reason; r.Code != "duplicate" || r.Message != "You said that." {
			t.Errorf("got %+v", r)
		}
	})
}

// TestRepeatedCallIsNotAnsweredWithAnother: an adapter that looks before it sends
// again may come upon another post of the channel.
func TestRepeatedCallIsNotAnsweredWithAnother(t *testing.T) {
	t.Parallel()
	for name, first := range map[string]error{"after a refusal": social.Errorf(social.CodeUnavailable, "Not now."), "after a lost answer": lost} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := &platform{dedupe: time.Hour, answer: failing(nil, first), instead: func(n int) *domain.Ref {
				if n < 3 {
					return nil
				}
				r := ref("post-1")
				return &r
			}}
			in(t, p, func(_ *testing.T, w *world) {
				one := w.post("hello")
				w.settle()
				two := w.post("Hello")
				w.settle()
				w.wantState(one.Post.ID, domain.DeliveryPublished)
				w.wantState(two.Post.ID, domain.DeliveryUnknown)
			})
		})
	}
}

// TestLostPostIsNotTakenForAnother: one whose answer was lost is not taken to be
// another post of the channel that says the same.
func TestLostPostIsNotTakenForAnother(t *testing.T) {
	t.Parallel()
	type call = func() (bool, error)
	out, never, unheard := call(func() (bool, error) { return true, nil }), call(func() (bool, error) { return false, lost }), call(func() (bool, error) { return true, lost })
	published, unknown := domain.DeliveryPublished, domain.DeliveryUnknown
	for name, c := range map[string]struct {
		calls []call
		words []string
		want  []domain.DeliveryState
	}{
		"the first never came":                            {[]call{never, out}, []string{"hello", "hello"}, []domain.DeliveryState{published, unknown}},
		"the second never came":                           {[]call{out, never}, []string{"hello", "hello"}, []domain.DeliveryState{published, unknown}},
		"of neither anything was heard, one came":         {[]call{never, unheard}, []string{"hello", " Hello"}, []domain.DeliveryState{unknown, unknown}},
		"of neither anything was heard, in other words":   {[]call{unheard, unheard}, []string{"hello", "good-bye"}, []domain.DeliveryState{published, published}},
		"of neither anything was heard, one of two words": {[]call{never, unheard}, []string{"hello", "good-bye"}, []domain.DeliveryState{published, unknown}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := &platform{findable: true, byWords: true, answer: func(n int) (bool, error) { return c.calls[n-1]() }}
			in(t, p, func(t *testing.T, w *world) {
				one, two := w.post(c.words[0]), w.post(c.words[1])
				w.settle()
				got := []domain.DeliveryState{w.delivery(one.Post.ID).State, w.delivery(two.Post.ID).State}
				slices.Sort(got)
				if !slices.Equal(got, c.want) {
					t.Errorf("got %v, want %v", got, c.want)
				}
				w.checkLedger(w.view(one.Post.ID))
				w.checkLedger(w.view(two.Post.ID))
			})
		})
	}
}

func TestPlatformsOwnTimeIsWaitedFor(t *testing.T) {
	t.Parallel()
	p := &platform{answer: failing(&social.Error{Code: social.CodeRateLimited, Message: "Slow down.", RetryAfter: 10 * time.Minute})}
	in(t, p, func(t *testing.T, w *world) {
		v := w.post("hello")
		w.settle()
		w.wantState(v.Post.ID, domain.DeliveryPublished)
		got := p.accepted()[0].At.Sub(v.Post.DueAt)
		if got < 10*time.Minute || got > 12*time.Minute {
			t.Errorf("went out after %s, want 10 minutes and up to a fifth", got)
		}
	})
}

// TestWaitingForAPlatformIsNoTry: however often a platform makes us wait, the
// failures that follow are given as many tries as ever.
func TestWaitingForAPlatformIsNoTry(t *testing.T) {
	t.Parallel()
	slow := &social.Error{Code: social.CodeRateLimited, Message: "Slow down.", RetryAfter: time.Second}
	down := social.Errorf(social.CodeUnavailable, "Not now.")
	p := &platform{answer: failing(slow, slow, slow, slow, down, down)}
	in(t, p, func(_ *testing.T, w *world) {
		v := w.post("hello")
		w.settle()
		w.wantState(v.Post.ID, domain.DeliveryPublished)
		w.checkLedger(w.view(v.Post.ID))
	})
}

func TestRegression04LostAnswerIsNotSentAgain(t *testing.T) {
	t.Parallel()
	for name, p := range map[string]*platform{
		"by looking":     {findable: true, answer: func(int) (bool, error) { return true, lost }},
		"reset after it": {findable: true, answer: func(int) (bool, error) { return true, errors.New("connection reset by peer") }},
		"5xx after it": {findable: true, answer: func(int) (bool, error) {
			return true, &social.Error{Code: social.CodeOutcomeUnknown, Message: "The platform failed half-way.", Status: 502}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in(t, p, func(t *testing.T, w *world) {
				v := w.post("hello")
				w.settle()
				w.wantState(v.Post.ID, domain.DeliveryPublished)
				if p.calls != 1 {
					t.Errorf("got %d calls, want 1", p.calls)
				}
			})
		})
	}
}

// TestLastCallIsLookedForToo: a call that is repeated on the last look may be
// the one that the platform takes, and its answer may be lost as well.
func TestLastCallIsLookedForToo(t *testing.T) {
	t.Parallel()
	p := &platform{dedupe: time.Hour, findable: true, answer: func(n int) (bool, error) { return n == 4, lost }}
	in(t, p, func(t *testing.T, w *world) {
		plain, down := w.plat.step, true
		w.plat.step = func(ctx context.Context, what string) error {
			if what == "find:before" && down {
				down = false
				return social.Errorf(social.CodeUnavailable, "Not now.")
			}
			return plain(ctx, what)
		}
		v := w.post("hello")
		w.settle()
		w.wantState(v.Post.ID, domain.DeliveryPublished)
		w.checkLedger(w.view(v.Post.ID))
		if p.calls != 4 || len(p.accepted()) != 1 {
			t.Errorf("got %d calls and %d posts, want 4 and 1", p.calls, len(p.accepted()))
		}
	})
}

func TestLostAnswerIsSentAgainOnlyWithTheSameKeyAndInTime(t *testing.T) {
	t.Parallel()
	t.Run("in time", func(t *testing.T) {
		t.Parallel()
		p := &platform{dedupe: time.Hour, answer: failing(lost)}
		in(t, p, func(t *testing.T, w *world) {
			v := w.post("hello")
			w.settle()
			w.wantState(v.Post.ID, domain.DeliveryPublished)
			at := w.view(v.Post.ID).Attempts
			if len(at) != 2 || at[0].Key != at[1].Key || at[0].Result != domain.AttemptUnknown {
				t.Errorf("got attempts %+v", at)
			}
		})
	})
	// A second call that is given up may arrive as late as two minutes after it
	// was made, and must still be taken for the first one then.
	for name, window := range map[string]time.Duration{"too late": 30 * time.Second, "too close to the end": 2 * time.Minute} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := &platform{dedupe: window, answer: failing(lost)}
			in(t, p, func(t *testing.T, w *world) {
				v := w.post("hello")
				w.settle()
				w.wantState(v.Post.ID, domain.DeliveryUnknown)
				if p.calls != 1 {
					t.Errorf("got %d calls, want 1", p.calls)
				}
			})
		})
	}
	// What a repeated call says of itself proves nothing about the first one.
	t.Run("refused the second time", func(t *testing.T) {
		t.Parallel()
		p := &platform{dedupe: time.Hour, answer: failing(lost, social.Errorf(social.CodeRejected, "No."), social.Errorf(social.CodeRejected, "No."), social.Errorf(social.CodeRejected, "No."), social.Errorf(social.CodeRejected, "No."))}
		in(t, p, func(_ *testing.T, w *world) {
			v := w.post("hello")
			w.settle()
			w.wantState(v.Post.ID, domain.DeliveryUnknown)
			w.checkLedger(w.view(v.Post.ID))
		})
	})
}

func TestRegression07SuccessThatCannotBeSeen(t *testing.T) {
	t.Parallel()
	p := &platform{confirms: true, hidden: true}
	in(t, p, func(t *testing.T, w *world) {
		v := w.post("hello")
		w.settle()
		d := w.wantState(v.Post.ID, domain.DeliveryUnknown)
		if d.Reason.Code != "not_visible" || p.calls != 1 {
			t.Errorf("got reason %q after %d calls", d.Reason.Code, p.calls)
		}
	})
}

// What did not work of a post that is out is told, however the engine heard of it.
func TestCaveats(t *testing.T) {
	t.Parallel()
	const caveat = "The thumbnail was not set."
	lost := social.Errorf(social.CodeOutcomeUnknown, "Lost.")
	for name, p := range map[string]*platform{
		"at once":             {},
		"read back":           {confirms: true},
		"after processing":    {processing: 2},
		"after a lost answer": {staged: true, findable: true, answer: func(int) (bool, error) { return true, lost }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p.caveat = caveat
			in(t, p, func(t *testing.T, w *world) {
				v := w.post("hello")
				w.settle()
				d := w.wantState(v.Post.ID, domain.DeliveryPublished)
				view := w.view(v.Post.ID)
				want := domain.Reason{Code: domain.ReasonIncomplete, Message: caveat}
				if last := view.Attempts[len(view.Attempts)-1]; d.Reason != want || p.processing == 0 && last.Reason != want {
					t.Errorf("got %+v, and %+v in the ledger; want %+v", d.Reason, last.Reason, want)
				}
				w.checkLedger(view)
			})
		})
	}
}

func TestRegression06ProcessingIsBounded(t *testing.T) {
	t.Parallel()
	p := &platform{processing: 1 << 30}
	in(t, p, func(t *testing.T, w *world) {
		w.policy.ProcessingBound = time.Minute
		w.boot()
		v := w.post("hello")
		w.settle()
		d := w.wantState(v.Post.ID, domain.DeliveryUnknown)
		if d.Reason.Code != "processing_timeout" {
			t.Errorf("got reason %q", d.Reason.Code)
		}
		if got := time.Since(v.Post.DueAt); got > 2*time.Minute {
			t.Errorf("gave up after %s, want about a minute", got)
		}
	})
}

func TestRevokedChannelBlocksAndResumesAfterReconnect(t *testing.T) {
	t.Parallel()
	p := &platform{answer: failing(social.Errorf(social.CodeAuthRevoked, "Signed out."))}
	in(t, p, func(t *testing.T, w *world) {
		v := w.post("one")
		w.tickAt(v.Post.DueAt)
		w.wantState(v.Post.ID, domain.DeliveryBlocked)
		ch, err := w.eng.Channels.Get(t.Context(), w.actor, w.channel.ID)
		if err != nil || ch.State != domain.ChannelReconnect {
			t.Fatalf("the channel is %s (%v), want reconnect_needed", ch.State, err)
		}
		if _, err := w.eng.Channels.ConnectForm(t.Context(), w.actor, "made-up", nil); err != nil {
			t.Fatal(err)
		}
		w.settle()
		w.wantState(v.Post.ID, domain.DeliveryPublished)
	})
}

// tickAt lets time pass until at and does one step.
func (w *world) tickAt(at time.Time) {
	w.t.Helper()
	time.Sleep(time.Until(at))
	if _, _, err := w.eng.Tick(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

func TestExpiredTokenIsRenewedOnceAndUsed(t *testing.T) {
	t.Parallel()
	p := &platform{
		answer:  failing(social.Errorf(social.CodeAuthExpired, "Expired.")),
		refresh: func(c social.Credential) (social.Credential, error) { c.Access, c.Refresh = "a1", ""; return c, nil },
	}
	in(t, p, func(t *testing.T, w *world) {
		v := w.post("hello")
		w.settle()
		w.wantState(v.Post.ID, domain.DeliveryPublished)
		if !slices.Equal(p.tokens, []string{"a0", "a1"}) {
			t.Errorf("got tokens %v, want the old one and the new one", p.tokens)
		}
		cred, err := w.eng.Channels.Credentials().Get(t.Context(), w.reread())
		if err != nil || cred.Refresh != "r0" {
			t.Errorf("the refresh token is %q (%v), want the old one kept", cred.Refresh, err)
		}
	})
}

func (w *world) reread() domain.Channel {
	w.t.Helper()
	ch, err := w.eng.Channels.Get(w.t.Context(), w.actor, w.channel.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	return ch
}

func TestTokenThatIsAlwaysRefusedNeedsAReconnect(t *testing.T) {
	t.Parallel()
	p := &platform{
		answer:  func(int) (bool, error) { return false, social.Errorf(social.CodeAuthExpired, "Expired.") },
		refresh: func(c social.Credential) (social.Credential, error) { c.Access += "x"; return c, nil },
	}
	in(t, p, func(t *testing.T, w *world) {
		v := w.post("hello")
		w.tickAt(v.Post.DueAt)
		w.wantState(v.Post.ID, domain.DeliveryBlocked)
		if p.calls != 2 {
			t.Errorf("got %d calls, want 2", p.calls)
		}
	})
}

func TestRenewalThatFailsForAWhileIsNoDisconnect(t *testing.T) {
	t.Parallel()
	down := 2
	p := &platform{
		answer: func(n int) (bool, error) {
			if n <= 3 {
				return false, social.Errorf(social.CodeAuthExpired, "Expired.")
			}
			return true, nil
		},
	}
	p.refresh = func(c social.Credential) (social.Credential, error) {
		if down--; down >= 0 {
			return c, social.Errorf(social.CodeUnavailable, "Away.")
		}
		c.Access = "fresh"
		return c, nil
	}
	in(t, p, func(_ *testing.T, w *world) {
		w.policy.Attempts = 20
		w.boot()
		v := w.post("hello")
		w.settle()
		w.wantState(v.Post.ID, domain.DeliveryPublished)
	})
}

// TestRegression02OutageEndsEveryOverdueDelivery books a post for every two
// hours of three days in which nobody is there.
func TestRegression02OutageEndsEveryOverdueDelivery(t *testing.T) {
	t.Parallel()
	in(t, &platform{}, func(t *testing.T, w *world) {
		const outage = 3 * 24 * time.Hour
		back := time.Now().Add(outage)
		var posts []core.PostView
		for due := time.Now().Add(time.Hour); due.Before(back); due = due.Add(2 * time.Hour) {
			v, err := w.eng.Posts.Create(t.Context(), w.actor, core.PostInput{
				Items: []domain.Item{{Text: "hello"}}, Targets: []domain.Target{{Channel: w.channel.ID}},
				When: core.At, Time: due.Format(time.RFC3339Nano),
			})
			if err != nil {
				t.Fatal(err)
			}
			posts = append(posts, v)
		}
		time.Sleep(time.Until(back))
		w.settle()
		out := 0
		for _, v := range posts {
			late := back.Sub(v.Post.DueAt)
			want := domain.DeliveryMissed
			if late < 6*time.Hour { // inside the late window, with room for a pace
				want = domain.DeliveryPublished
				out++
			}
			w.wantState(v.Post.ID, want)
			if got := w.events(v.Post.ID); !slices.Contains(got, "post."+string(want)) {
				t.Errorf("%s late: no event tells that it is %s: %v", late, want, got)
			}
		}
		if n := len(w.plat.accepted()); n != out || out == 0 {
			t.Errorf("the platform got %d posts, want the %d in time and no other", n, out)
		}
	})
}

func TestThreadThatStopsGoesOnAtTheFirstItemThatIsNotOut(t *testing.T) {
	t.Parallel()
	p := &platform{answer: func(n int) (bool, error) {
		if n == 2 {
			return false, social.Errorf(social.CodeRejected, "Not this one.")
		}
		return true, nil
	}}
	in(t, p, func(t *testing.T, w *world) {
		v := w.post("one", "two", "three")
		w.settle()
		d := w.wantState(v.Post.ID, domain.DeliveryFailed)
		if d.Current() != 1 {
			t.Fatalf("got item %d as the next, want 1", d.Current())
		}
		if _, err := w.eng.Posts.TryAgain(t.Context(), w.actor, v.Post.ID); err != nil {
			t.Fatal(err)
		}
		w.settle()
		w.wantState(v.Post.ID, domain.DeliveryPublished)
		if n := len(p.accepted()); n != 3 {
			t.Errorf("the platform has %d items, want 3", n)
		}
		w.checkLedger(w.view(v.Post.ID))
	})
}

func TestDelayBetweenItemsIsARowNotASleep(t *testing.T) {
	t.Parallel()
	p := &platform{}
	in(t, p, func(t *testing.T, w *world) {
		v, err := w.eng.Posts.Create(t.Context(), w.actor, core.PostInput{
			Items:   []domain.Item{{Text: "one"}, {Text: "two", Delay: 10 * time.Minute}},
			Targets: []domain.Target{{Channel: w.channel.ID}}, When: core.Now,
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, next, err := w.eng.Tick(t.Context()); err != nil || time.Until(next) != 10*time.Minute {
			t.Fatalf("the next step is in %s (%v), want 10 minutes", time.Until(next), err)
		}
		w.boot() // a restart forgets nothing and repeats nothing
		w.settle()
		w.wantState(v.Post.ID, domain.DeliveryPublished)
		got := p.accepted()
		if len(got) != 2 || got[1].At.Sub(got[0].At) != 10*time.Minute {
			t.Errorf("got %+v", got)
		}
	})
}

func TestPausedWorkerThatWakesUpLateCannotWrite(t *testing.T) {
	t.Parallel()
	in(t, &platform{findable: true}, func(t *testing.T, w *world) {
		resume := make(chan struct{})
		v := w.post("hello")
		slow := w.eng
		plain := w.plat.step
		w.plat.step = func(ctx context.Context, what string) error {
			if what == "publish:after" {
				<-resume // the process is stopped right behind the accept
			}
			return plain(ctx, what)
		}
		time.Sleep(time.Until(v.Post.DueAt))
		done := make(chan error)
		go func() {
			_, _, err := slow.Tick(context.WithoutCancel(t.Context()))
			done <- err
		}()
		synctest.Wait()
		time.Sleep(2 * time.Minute) // its lease runs out
		w.plat.step = nil
		w.settle()
		first := w.wantState(v.Post.ID, domain.DeliveryPublished)
		close(resume)
		if err := <-done; err != nil {
			t.Errorf("the late worker failed: %v", err)
		}
		if got := w.delivery(v.Post.ID); got.Version != first.Version {
			t.Errorf("the late worker wrote: version %d, want %d", got.Version, first.Version)
		}
		w.checkLedger(w.view(v.Post.ID))
	})
}

func TestEditWinsUntilTheIntentIsCommitted(t *testing.T) {
	t.Parallel()
	p := &platform{staged: true}
	in(t, p, func(t *testing.T, w *world) {
		v := w.post("old")
		w.tickAt(v.Post.DueAt)
		w.wantState(v.Post.ID, domain.DeliveryPreparing)
		in := core.PostInput{Items: []domain.Item{{Text: "new"}}, Targets: v.Post.Targets, When: core.Now}
		if _, err := w.eng.Posts.Update(t.Context(), w.actor, v.Post.ID, 0, in); err != nil {
			t.Fatal(err)
		}
		w.settle()
		w.wantState(v.Post.ID, domain.DeliveryPublished)
		if got := p.accepted(); len(got) != 1 || got[0].Text != "new" {
			t.Errorf("got %+v, want the new text once", got)
		}
		_, err := w.eng.Posts.Update(t.Context(), w.actor, v.Post.ID, 0, in)
		if !errors.Is(err, &fault.Error{Kind: fault.Conflict, Code: "too_late"}) {
			t.Errorf("an edit after publishing: got %v, want too_late", err)
		}
	})
}

func TestWithdrawnDeliveryNeverSends(t *testing.T) {
	t.Parallel()
	p := &platform{}
	in(t, p, func(t *testing.T, w *world) {
		v := w.post("hello")
		if err := w.eng.Posts.Delete(t.Context(), w.actor, v.Post.ID, 0); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Until(v.Post.DueAt))
		w.settle()
		if p.calls != 0 {
			t.Errorf("got %d calls, want none", p.calls)
		}
	})
}

func TestPlatformThatAsksToPrepareAgainIsPreparedAgain(t *testing.T) {
	t.Parallel()
	p := &platform{staged: true, answer: failing(&social.Error{Code: social.CodeUnavailable, Message: "The upload expired.", Restart: true})}
	in(t, p, func(t *testing.T, w *world) {
		v := w.post("hello")
		w.settle()
		w.wantState(v.Post.ID, domain.DeliveryPublished)
		if p.prepares != 2 {
			t.Errorf("prepared %d times, want 2", p.prepares)
		}
	})
}

// TestRun drives the real loop: it publishes on time, sleeps in between, comes
// back after the store was away, and ends cleanly.
func TestRun(t *testing.T) {
	t.Parallel()
	p := &platform{}
	in(t, p, func(t *testing.T, w *world) {
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- w.eng.Run(ctx) }()
		v := w.post("hello")
		time.Sleep(time.Until(v.Post.DueAt) + time.Millisecond)
		synctest.Wait()
		w.wantState(v.Post.ID, domain.DeliveryPublished)
		if got := p.accepted()[0].At.Sub(v.Post.DueAt); got != 0 {
			t.Errorf("went out %s late", got)
		}
		if err := w.eng.Ready(t.Context()); err != nil {
			t.Errorf("not ready: %v", err)
		}
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
}

// TestManyWorkersShareTheWork has several loops on one store publish many
// deliveries, each exactly once.
func TestManyWorkersShareTheWork(t *testing.T) {
	t.Parallel()
	p := &platform{}
	in(t, p, func(t *testing.T, w *world) {
		var ids []domain.PostID
		for range 100 {
			ids = append(ids, w.post("hello").Post.ID)
		}
		w.run(3, 20*time.Minute)
		checkPace(t, p.accepted(), 10*time.Second)
		for _, id := range ids {
			w.wantState(id, domain.DeliveryPublished)
			w.checkLedger(w.view(id))
		}
		if n := len(p.accepted()); n != 100 {
			t.Errorf("the platform has %d posts, want 100", n)
		}
	})
}

// TestRestOfAnOldThreadCanBeTriedAgain has a person take up half a thread long
// after its late window: their wish is what counts then.
func TestRestOfAnOldThreadCanBeTriedAgain(t *testing.T) {
	t.Parallel()
	p := &platform{answer: func(n int) (bool, error) {
		if n == 2 {
			return false, social.Errorf(social.CodeRejected, "Not this one.")
		}
		return true, nil
	}}
	in(t, p, func(t *testing.T, w *world) {
		v := w.post("one", "two")
		w.settle()
		w.wantState(v.Post.ID, domain.DeliveryFailed)
		time.Sleep(30 * 24 * time.Hour)
		if _, err := w.eng.Posts.TryAgain(t.Context(), w.actor, v.Post.ID); err != nil {
			t.Fatal(err)
		}
		w.settle()
		w.wantState(v.Post.ID, domain.DeliveryPublished)
	})
}

// TestDeletingStopsTheRestOfAThread deletes a post whose reply still waits.
func TestDeletingStopsTheRestOfAThread(t *testing.T) {
	t.Parallel()
	p := &platform{}
	in(t, p, func(t *testing.T, w *world) {
		v, err := w.eng.Posts.Create(t.Context(), w.actor, core.PostInput{
			Items:   []domain.Item{{Text: "one"}, {Text: "two", Delay: time.Hour}},
			Targets: []domain.Target{{Channel: w.channel.ID}}, When: core.Now,
		})
		if err != nil {
			t.Fatal(err)
		}
		w.tickAt(time.Now())
		if err := w.eng.Posts.Delete(t.Context(), w.actor, v.Post.ID, 0); err != nil {
			t.Fatal(err)
		}
		w.settle()
		time.Sleep(2 * time.Hour)
		w.settle()
		if n := len(p.accepted()); n != 1 {
			t.Errorf("the platform has %d items, want only the one that was out", n)
		}
	})
}
