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

// author is a member who may not approve.
func (w *world) author() domain.Actor {
	return domain.Actor{Organization: w.actor.Organization, User: "ann", Role: domain.RoleUser}
}

// require makes the organization ask for approvals.
func (w *world) require() {
	w.t.Helper()
	_, err := w.st.Organizations().Update(w.t.Context(), w.actor.Organization, func(o *domain.Organization) error {
		o.RequireApproval = true
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) input(text string, in time.Duration) core.PostInput {
	return core.PostInput{
		Items: []domain.Item{{Text: text}}, Targets: []domain.Target{{Channel: w.channel.ID}},
		When: core.At, Time: time.Now().Add(in).Format(time.RFC3339Nano),
	}
}

// write books a post of the author, due in a minute.
func (w *world) write(text string) domain.Post {
	w.t.Helper()
	v, err := w.eng.Posts.Create(w.t.Context(), w.author(), w.input(text, time.Minute))
	if err != nil {
		w.t.Fatal(err)
	}
	return v.Post
}

// edit is a change of the author, to go out in a minute.
func (w *world) edit(id domain.PostID, text string) (domain.Post, error) {
	v, err := w.eng.Posts.Update(w.t.Context(), w.author(), id, 0, w.input(text, time.Minute))
	return v.Post, err
}

func (w *world) approve(p domain.Post) error {
	_, err := w.eng.Posts.Approve(w.t.Context(), w.actor, p.ID, core.Seen{Hash: p.ContentHash()})
	return err
}

// pass lets d go by while the engine works.
func (w *world) pass(d time.Duration) {
	w.t.Helper()
	until := time.Now().Add(d)
	for {
		_, next, err := w.eng.Tick(w.t.Context())
		if err != nil {
			w.t.Fatal(err)
		}
		if next.IsZero() || next.After(until) {
			time.Sleep(time.Until(until))
			return
		}
		time.Sleep(max(time.Until(next), 0))
	}
}

func (w *world) texts() []string {
	var out []string
	for _, a := range w.plat.accepted() {
		out = append(out, a.Text)
	}
	return out
}

func (w *world) wantOut(want ...string) {
	w.t.Helper()
	if got := w.texts(); !slices.Equal(got, want) {
		w.t.Errorf("the platform has %q, want %q", got, want)
	}
}

func TestRegression24AnEditAfterTheApprovalWithdrawsIt(t *testing.T) {
	t.Parallel()
	in(t, &platform{}, func(t *testing.T, w *world) {
		w.require()
		first := w.write("read and approved")
		if err := w.approve(first); err != nil {
			t.Fatal(err)
		}
		second, err := w.edit(first.ID, "slipped in")
		if err != nil {
			t.Fatal(err)
		}
		w.pass(2 * time.Hour)
		d := w.wantState(first.ID, domain.DeliveryBlocked)
		if d.Reason.Code != "approval_missing" || !strings.HasSuffix(d.Reason.Message, ".") {
			t.Errorf("got reason %+v", d.Reason)
		}
		w.wantOut()
		if err := w.approve(first); !errors.Is(err, &fault.Error{Kind: fault.Stale}) {
			t.Errorf("approving what is not there any more: got %v, want stale", err)
		}
		if err := w.approve(second); err != nil {
			t.Fatal(err)
		}
		w.pass(0)
		w.wantState(first.ID, domain.DeliveryPublished)
		w.wantOut("slipped in")
		got := w.events(first.ID)
		for _, want := range []string{"post.approval_requested", "post.approved", "post.approval_withdrawn", "delivery.blocked"} {
			if !slices.Contains(got, want) {
				t.Errorf("got events %v, want %s among them", got, want)
			}
		}
	})
}

func TestRegression24MovingAPostReallyMovesIt(t *testing.T) {
	t.Parallel()
	in(t, &platform{}, func(t *testing.T, w *world) {
		w.require()
		p := w.write("same")
		if err := w.approve(p); err != nil {
			t.Fatal(err)
		}
		old := p.DueAt
		for _, wait := range []time.Duration{3 * time.Hour, 30 * time.Minute} { // back, and forth
			v, err := w.eng.Posts.Update(t.Context(), w.author(), p.ID, 0, w.input("same", wait))
			if err != nil {
				t.Fatal(err)
			}
			if got, want := v.Deliveries[0].DueAt, v.Post.DueAt; !got.Equal(want) || v.Post.Approval.State != domain.ApprovalApproved {
				t.Errorf("got a delivery due at %s and the approval %q, want %s and the one it had", got, v.Post.Approval.State, want)
			}
			p = v.Post
		}
		w.pass(time.Until(old) + time.Second)
		w.wantOut()
		w.settle()
		if got := w.plat.accepted(); len(got) != 1 || !got[0].At.Equal(p.DueAt) {
			t.Errorf("got %+v, want it once, at %s", got, p.DueAt)
		}
	})
}

// TestNothingUnapprovedEverGoesOut does something about a post at every point
// between two steps of its publication, one point a run.
func TestNothingUnapprovedEverGoesOut(t *testing.T) {
	t.Parallel()
	forbidden := func(w *world, _ domain.Post) error {
		_, err := w.eng.Pauses.PauseChannel(context.WithoutCancel(w.t.Context()), w.actor, w.channel.ID, "Stop.")
		return err
	}
	for name, tc := range map[string]struct {
		required bool
		act      func(w *world, p domain.Post) error
		// late says that an act that came too late is refused.
		late bool
	}{
		"an edit": {true, func(w *world, p domain.Post) error {
			_, err := w.edit(p.ID, "slipped in")
			return err
		}, true},
		"a rejection": {true, func(w *world, p domain.Post) error {
			_, err := w.eng.Posts.Reject(w.t.Context(), w.actor, p.ID, core.Seen{Hash: p.ContentHash()}, "No.")
			return err
		}, true},
		"a question": {false, func(w *world, p domain.Post) error {
			_, err := w.eng.Posts.RequestApproval(w.t.Context(), w.author(), p.ID, "")
			return err
		}, true},
		"a pause": {false, forbidden, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, staged := range []bool{false, true} {
				for point := 1; ; point++ {
					reached := false
					synctest.Test(t, func(t *testing.T) {
						w := newWorld(t, &platform{staged: staged})
						if tc.required {
							w.require()
						}
						p := w.write("approved")
						if tc.required {
							if err := w.approve(p); err != nil {
								t.Fatal(err)
							}
						}
						reached = actAt(w, p, point, tc.act, tc.late)
					})
					if !reached && point < 4 {
						t.Errorf("only %d points were reached", point-1)
					}
					if !reached || t.Failed() {
						break
					}
				}
			}
		})
	}
}

// actAt has act happen at the nth point, and reports whether that was reached.
func actAt(w *world, p domain.Post, point int, act func(*world, domain.Post) error, late bool) (reached bool) {
	n, sent, refused := 0, 0, false
	w.crash = func(string) bool {
		if n++; n != point {
			return false
		}
		reached = true
		sent = len(w.texts())
		d := w.delivery(p.ID)
		err := act(w, p)
		refused = errors.Is(err, &fault.Error{Kind: fault.Conflict})
		if err != nil && !refused {
			w.t.Errorf("point %d: got %v", point, err)
		}
		if begun := d.Open != ""; late && d.State != domain.DeliveryPublished && begun != refused {
			w.t.Errorf("point %d: the intent is on record: %t; the act was refused: %t", point, begun, refused)
		}
		if d.Open != "" {
			sent = 1 // what is on its way is finished
		}
		return false
	}
	w.pass(3 * time.Hour)
	if !reached {
		return false
	}
	if got := w.texts(); len(got) > sent || slices.Contains(got, "slipped in") {
		w.t.Errorf("point %d: the platform has %q, of which %d were on their way (%v)", point, got, sent, w.events(p.ID))
	}
	d := w.delivery(p.ID)
	want := domain.DeliveryBlocked
	if sent == 1 {
		want = domain.DeliveryPublished
	}
	if d.State != want {
		w.t.Errorf("point %d: it is %s, want %s", point, d.State, want)
	}
	return true
}

func TestApprovalThatNeverComes(t *testing.T) {
	t.Parallel()
	in(t, &platform{}, func(t *testing.T, w *world) {
		w.require()
		p := w.write("nobody looks")
		w.settle()
		w.wantState(p.ID, domain.DeliveryMissed)
		if err := w.approve(p); err != nil {
			t.Fatal(err)
		}
		w.settle()
		w.wantState(p.ID, domain.DeliveryMissed)
		w.wantOut()
	})
}

// TestApprovalsThatAreWantedWhileAnUploadRuns: what is about to begin is held
// against what people want then, not when the worker took it.
func TestApprovalsThatAreWantedWhileAnUploadRuns(t *testing.T) {
	t.Parallel()
	in(t, &platform{processing: 1}, func(t *testing.T, w *world) {
		p := w.write("unread")
		inner := w.plat.step
		w.plat.step = func(ctx context.Context, what string) error {
			if what == "prepare:before" {
				w.require()
			}
			return inner(ctx, what)
		}
		w.pass(2 * time.Minute)
		if d := w.wantState(p.ID, domain.DeliveryBlocked); d.Reason.Code != "approval_missing" {
			t.Errorf("got reason %+v", d.Reason)
		}
		w.wantOut()
		if err := w.approve(p); err != nil {
			t.Fatal(err)
		}
		w.settle()
		w.wantState(p.ID, domain.DeliveryPublished)
	})
}

func TestRejectionSaysWhy(t *testing.T) {
	t.Parallel()
	in(t, &platform{}, func(t *testing.T, w *world) {
		p := w.write("too loud") // its organization asks for nothing
		v, err := w.eng.Posts.Reject(t.Context(), w.actor, p.ID, core.Seen{Version: p.Version}, " Less shouting, please. ")
		if err != nil {
			t.Fatal(err)
		}
		if a := v.Post.Approval; a.State != domain.ApprovalRejected || a.Note != "Less shouting, please." || !a.At.Equal(domain.Instant(time.Now())) {
			t.Errorf("got %+v", a)
		}
		w.pass(time.Hour)
		if d := w.wantState(p.ID, domain.DeliveryBlocked); !strings.HasSuffix(d.Reason.Message, "Less shouting, please.") {
			t.Errorf("got %q, want the note", d.Reason.Message)
		}
		if err := w.approve(p); err != nil {
			t.Fatal(err)
		}
		w.pass(0)
		w.wantOut("too loud")
	})
}

// TestRejectionBetweenTwoTries: a call that was refused for an old token is made
// again at once, so somebody who rejects the post in between comes too late.
func TestRejectionBetweenTwoTries(t *testing.T) {
	t.Parallel()
	var reject func()
	p := &platform{
		answer:  failing(social.Errorf(social.CodeAuthExpired, "The token has ended.")),
		refresh: func(c social.Credential) (social.Credential, error) { c.Access = "a1"; reject(); return c, nil },
	}
	in(t, p, func(t *testing.T, w *world) {
		v := w.write("out")
		tried := 0
		reject = func() {
			tried++
			_, err := w.eng.Posts.Reject(t.Context(), w.actor, v.ID, core.Seen{Hash: v.ContentHash()}, "No.")
			if f, ok := errors.AsType[*fault.Error](err); !ok || f.Code != "too_late" {
				t.Errorf("got %v, want too_late", err)
			}
		}
		w.settle()
		w.wantState(v.ID, domain.DeliveryPublished)
		if tried != 1 {
			t.Errorf("got %d renewals, want 1", tried)
		}
	})
}

func TestPauses(t *testing.T) {
	t.Parallel()
	operator := func(w *world) domain.Actor {
		a := w.actor
		a.Operator = true
		return a
	}
	for name, tc := range map[string]struct {
		pause, resume func(ctx context.Context, w *world) error
		// within is how soon what waits goes on.
		within time.Duration
	}{
		"channel": {
			func(ctx context.Context, w *world) error {
				_, err := w.eng.Pauses.PauseChannel(ctx, w.actor, w.channel.ID, "Storm.")
				return err
			},
			func(ctx context.Context, w *world) error {
				_, err := w.eng.Pauses.ResumeChannel(ctx, w.actor, w.channel.ID)
				return err
			}, 0,
		},
		"organization": {
			func(ctx context.Context, w *world) error {
				_, err := w.eng.Pauses.PauseOrganization(ctx, w.actor, "Storm.")
				return err
			},
			func(ctx context.Context, w *world) error {
				_, err := w.eng.Pauses.ResumeOrganization(ctx, w.actor)
				return err
			}, 0,
		},
		"installation": {
			func(ctx context.Context, w *world) error {
				_, err := w.eng.Pauses.PauseInstallation(ctx, operator(w), "Storm.")
				return err
			},
			func(ctx context.Context, w *world) error {
				_, err := w.eng.Pauses.ResumeInstallation(ctx, operator(w))
				return err
			}, time.Minute,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in(t, &platform{}, func(t *testing.T, w *world) {
				gone := w.post("too late")
				must := func(err error) {
					t.Helper()
					if err != nil {
						t.Fatal(err)
					}
				}
				must(tc.pause(t.Context(), w))
				must(tc.pause(t.Context(), w)) // again is no mistake
				w.pass(4 * time.Hour)
				if d := w.wantState(gone.Post.ID, domain.DeliveryBlocked); d.Reason.Code != "paused" || !strings.HasSuffix(d.Reason.Message, "Storm.") {
					t.Errorf("got reason %+v", d.Reason)
				}
				first := w.post("first")
				time.Sleep(time.Second)
				second := w.post("second")
				w.pass(3 * time.Hour) // beyond the late window of the one before
				w.wantState(gone.Post.ID, domain.DeliveryMissed)
				w.wantState(first.Post.ID, domain.DeliveryBlocked)
				w.wantOut()
				w.pass(5*time.Minute + 20*time.Second) // between two looks
				must(tc.resume(t.Context(), w))
				w.pass(tc.within)
				w.wantState(first.Post.ID, domain.DeliveryPublished)
				if tc.within == 0 { // in due order, at the channel's pace
					w.wantState(second.Post.ID, domain.DeliveryScheduled)
				}
				w.pass(10 * time.Second)
				w.wantState(first.Post.ID, domain.DeliveryPublished)
				w.wantState(second.Post.ID, domain.DeliveryPublished)
				must(tc.resume(t.Context(), w))
				after := w.post("after")
				w.settle()
				w.wantState(after.Post.ID, domain.DeliveryPublished)
			})
		})
	}
}

// TestPauseFinishesWhatIsUnderWay lets nothing new begin, replies of a thread
// among it, but brings what was handed over to its end.
func TestPauseFinishesWhatIsUnderWay(t *testing.T) {
	t.Parallel()
	in(t, &platform{processing: 3}, func(t *testing.T, w *world) {
		v := w.post("one", "two")
		w.pass(time.Minute)
		w.wantState(v.Post.ID, domain.DeliveryProcessing)
		if _, err := w.eng.Pauses.PauseChannel(t.Context(), w.actor, w.channel.ID, ""); err != nil {
			t.Fatal(err)
		}
		w.pass(time.Minute)
		d := w.wantState(v.Post.ID, domain.DeliveryBlocked)
		if d.Parts[0].Ref == nil || d.Parts[1].Ref != nil {
			t.Errorf("got %+v, want the first item out and the second not", d.Parts)
		}
		if _, err := w.eng.Pauses.ResumeChannel(t.Context(), w.actor, w.channel.ID); err != nil {
			t.Fatal(err)
		}
		w.settle()
		w.wantState(v.Post.ID, domain.DeliveryPublished)
		w.wantOut("one", "two")
		w.checkLedger(w.view(v.Post.ID))
	})
}

// TestOnePauseEndsAndAnotherHolds resumes the inner one first.
func TestOnePauseEndsAndAnotherHolds(t *testing.T) {
	t.Parallel()
	in(t, &platform{}, func(t *testing.T, w *world) {
		v := w.post("one")
		_, err := w.eng.Pauses.PauseChannel(t.Context(), w.actor, w.channel.ID, "")
		_, err2 := w.eng.Pauses.PauseOrganization(t.Context(), w.actor, "")
		if err := errors.Join(err, err2); err != nil {
			t.Fatal(err)
		}
		w.pass(time.Hour)
		if _, err := w.eng.Pauses.ResumeChannel(t.Context(), w.actor, w.channel.ID); err != nil {
			t.Fatal(err)
		}
		w.wantState(v.Post.ID, domain.DeliveryBlocked)
		w.pass(time.Hour)
		if d := w.wantState(v.Post.ID, domain.DeliveryBlocked); !strings.Contains(d.Reason.Message, "organization") {
			t.Errorf("got %q, want what holds it now", d.Reason.Message)
		}
		if _, err := w.eng.Pauses.ResumeOrganization(t.Context(), w.actor); err != nil {
			t.Fatal(err)
		}
		w.pass(0)
		w.wantState(v.Post.ID, domain.DeliveryPublished)
	})
}
