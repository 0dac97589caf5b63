package publish_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/ports/store"
)

// network is what the made-up platform can do with what is out. Each account has
// its own ids for the posts of others, and reposts a post at most once.
type network struct {
	p *platform

	mu       sync.Mutex
	likes    int64
	counted  int
	resolved int
	reposts  map[string]int // calls, by account and post
	// onResolve and onRepost, if set, answer the nth call (from 1).
	onResolve func(n int) error
	onRepost  func(n int) error
	calls     int
}

func (n *network) Resolve(_ context.Context, t social.Target, r social.Ref) (social.Ref, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.resolved++
	if n.onResolve != nil {
		if err := n.onResolve(n.resolved); err != nil {
			return social.Ref{}, err
		}
	}
	return social.Ref{ID: t.Account + ":" + r.URL, URL: r.URL}, nil
}

func (n *network) Repost(ctx context.Context, t social.Target, r social.Ref) (social.Ref, error) {
	if err := n.p.at(ctx, "repost:before"); err != nil {
		return social.Ref{}, err
	}
	n.mu.Lock()
	if n.reposts == nil {
		n.reposts = map[string]int{}
	}
	n.calls++
	call := n.calls
	n.reposts[t.Account+" "+r.ID]++
	n.mu.Unlock()
	if err := n.p.at(ctx, "repost:after"); err != nil {
		return social.Ref{}, err
	}
	if n.onRepost != nil {
		if err := n.onRepost(call); err != nil {
			return social.Ref{}, err
		}
	}
	return social.Ref{ID: "repost-of-" + r.ID}, nil
}

func (n *network) Metrics(context.Context, social.Target, social.Ref) (social.Metrics, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.counted++
	return social.Metrics{social.MetricLikes: n.likes}, nil
}

func (n *network) like(likes int64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.likes = likes
}

// connected is a made-up platform with its network.
func connected(p *platform) *network {
	p.network = &network{p: p}
	return p.network
}

// postAfter is post with rules.
func (w *world) postAfter(rules ...domain.After) core.PostView {
	w.t.Helper()
	v, err := w.eng.Posts.Create(w.t.Context(), w.actor, core.PostInput{
		Items: []domain.Item{{Text: "root"}}, Targets: []domain.Target{{Channel: w.channel.ID}}, After: rules,
		When: core.At, Time: time.Now().Add(time.Minute).Format(time.RFC3339Nano),
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return v
}

// out lists what the platform shows.
func (p *platform) out() []string {
	var out []string
	for _, a := range p.accepted() {
		out = append(out, fmt.Sprintf("%s %q on %q", a.Account, a.Text, a.Parent))
	}
	return out
}

func (w *world) wantShown(want ...string) {
	w.t.Helper()
	if got := w.plat.out(); !slices.Equal(got, want) {
		w.t.Errorf("the platform shows %v, want %v", got, want)
	}
}

// wantFollowing checks that the post itself is out, and where each of what
// follows stands, in the order of rules.
func (w *world) wantFollowing(id domain.PostID, want ...domain.DeliveryState) []domain.Delivery {
	w.t.Helper()
	v := w.view(id)
	slices.SortFunc(v.Following, func(a, b domain.Delivery) int { return a.Rule - b.Rule })
	var got []domain.DeliveryState
	for _, d := range v.Following {
		got = append(got, d.State)
		if d.Follows != v.Deliveries[0].ID {
			w.t.Errorf("%s follows %q, want the root", d.ID, d.Follows)
		}
	}
	if !slices.Equal(got, want) {
		w.t.Errorf("what follows is %v, want %v", got, want)
	}
	if v.Summary != domain.SummaryPublished || v.Deliveries[0].State != domain.DeliveryPublished {
		w.t.Errorf("the post is %s, its root %s; want both published", v.Summary, v.Deliveries[0].State)
	}
	return v.Following
}

const isOut = domain.DeliveryPublished

func TestFollowsOnceItIsOut(t *testing.T) {
	t.Parallel()
	p := &platform{}
	n := connected(p)
	in(t, p, func(t *testing.T, w *world) {
		other := w.connect(w.actor, "other")
		v := w.postAfter(
			domain.After{Do: domain.ActionComment, Delay: time.Hour, Text: "own comment"},
			domain.After{Do: domain.ActionRepost, Channel: other.ID},
			domain.After{Do: domain.ActionComment, Channel: other.ID, Text: "other comment", Delay: 2 * time.Hour},
		)
		w.settle()
		w.wantShown(`acct "root" on ""`, `acct "own comment" on "post-1"`, `other "other comment" on "other:https://example.org/post-1"`)
		ds := w.wantFollowing(v.Post.ID, isOut, isOut, isOut)
		if n.reposts["other other:https://example.org/post-1"] != 1 || len(n.reposts) != 1 {
			t.Errorf("got reposts %v, want one by the other account", n.reposts)
		}
		root := w.delivery(v.Post.ID).Parts[0].PublishedAt
		for i, want := range []time.Duration{time.Hour, 0, 2 * time.Hour} {
			if got := ds[i].Out().Sub(root); got < want || got > want+time.Minute {
				t.Errorf("rule %d came %s after the root, want %s", i, got, want)
			}
		}
		if got := w.view(v.Post.ID); len(got.Attempts) != 4 {
			t.Errorf("got %d attempts, want one of the root and of each rule", len(got.Attempts))
		}
	})
}

// TestFollowingSurvivesCrashesAnywhere kills the process at every point of a
// post with rules: what it books and sends is there once.
func TestFollowingSurvivesCrashesAnywhere(t *testing.T) {
	t.Parallel()
	for point, reached := 1, true; reached; point++ {
		synctest.Test(t, func(t *testing.T) {
			p := &platform{dedupe: time.Hour, findable: true}
			n := connected(p)
			w := newWorld(t, p)
			w.worker.Concurrency = 1 // one thing at a time, so that points can be counted
			w.boot()
			other := w.connect(w.actor, "other")
			v := w.postAfter(
				domain.After{Do: domain.ActionComment, Text: "comment", Delay: time.Minute},
				domain.After{Do: domain.ActionRepost, Channel: other.ID},
			)
			seen, where := 0, ""
			w.crash = func(what string) bool {
				if seen++; seen == point {
					where = what
				}
				return seen == point
			}
			w.settle()
			reached = seen >= point
			w.wantShown(`acct "root" on ""`, `acct "comment" on "post-1"`)
			w.wantFollowing(v.Post.ID, isOut, isOut)
			if len(n.reposts) != 1 {
				t.Errorf("got reposts %v, want one", n.reposts)
			}
			w.checkLedger(w.view(v.Post.ID))
			if t.Failed() {
				t.Fatalf("died at point %d, %s", point, where)
			}
		})
	}
}

func TestFollowingIsNeverSentTwice(t *testing.T) {
	t.Parallel()
	lost := errors.New("the answer was lost")
	t.Run("comment", func(t *testing.T) {
		t.Parallel()
		p := &platform{answer: func(n int) (bool, error) {
			if n == 2 {
				return true, lost
			}
			return true, nil
		}}
		connected(p)
		in(t, p, func(t *testing.T, w *world) {
			v := w.postAfter(domain.After{Do: domain.ActionComment, Text: "comment"})
			w.settle()
			w.wantShown(`acct "root" on ""`, `acct "comment" on "post-1"`)
			d := w.wantFollowing(v.Post.ID, domain.DeliveryUnknown)[0]
			causes, err := w.eng.Posts.Causes(t.Context(), w.actor, store.FailureFilter{})
			if err != nil || len(causes) != 1 || causes[0].State != domain.DeliveryUnknown {
				t.Errorf("failures: got %+v, %v; want the comment", causes, err)
			}
			if _, err := w.eng.Posts.Settle(t.Context(), w.actor, v.Post.ID, d.ID, core.Answer{There: true, Link: "https://example.org/c"}); err != nil {
				t.Fatal(err)
			}
			w.settle()
			w.wantFollowing(v.Post.ID, isOut)
			w.wantShown(`acct "root" on ""`, `acct "comment" on "post-1"`)
		})
	})
	t.Run("repost", func(t *testing.T) {
		t.Parallel()
		p := &platform{}
		n := connected(p)
		n.onRepost = func(call int) error {
			if call == 1 {
				return lost
			}
			return nil
		}
		in(t, p, func(t *testing.T, w *world) {
			v := w.postAfter(domain.After{Do: domain.ActionRepost})
			w.settle()
			w.wantFollowing(v.Post.ID, isOut)
			if len(n.reposts) != 1 || n.reposts["acct post-1"] != 2 {
				t.Errorf("got reposts %v, want the same one asked for again", n.reposts)
			}
		})
	})
}

// TestWhatFollowsFailsAlone: a permission that only side work needs is no reason
// to park a channel.
func TestWhatFollowsFailsAlone(t *testing.T) {
	t.Parallel()
	missing := social.Errorf(social.CodeScopeMissing, "Searching is not allowed.")
	cases := map[string]func(n *network, p *platform){
		"to resolve": func(n *network, _ *platform) { n.onResolve = func(int) error { return missing } },
		"to repost":  func(n *network, _ *platform) { n.onRepost = func(int) error { return missing } },
	}
	for name, set := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := &platform{}
			n := connected(p)
			set(n, p)
			in(t, p, func(t *testing.T, w *world) {
				other := w.connect(w.actor, "other")
				v := w.postAfter(domain.After{Do: domain.ActionRepost, Channel: other.ID})
				w.settle()
				d := w.wantFollowing(v.Post.ID, domain.DeliveryFailed)[0]
				if d.Reason.Code != string(social.CodeScopeMissing) {
					t.Errorf("got reason %+v, want scope_missing", d.Reason)
				}
				for _, id := range []domain.ChannelID{w.channel.ID, other.ID} {
					ch, err := w.eng.Channels.Get(t.Context(), w.actor, id)
					if err != nil || ch.State != domain.ChannelActive {
						t.Errorf("channel %s is %s, %v; want it active", id, ch.State, err)
					}
				}
				later := w.book(w.actor, other, "later", time.Now().Add(time.Minute))
				w.settle()
				w.wantState(later, isOut)

				n.onResolve, n.onRepost = nil, nil // the permission was given
				if _, err := w.eng.Posts.TryAgain(t.Context(), w.actor, v.Post.ID); err != nil {
					t.Fatal(err)
				}
				w.settle()
				w.wantFollowing(v.Post.ID, isOut)
				w.wantShown(`acct "root" on ""`, `other "later" on ""`)
			})
		})
	}
}

func TestFollowsOnceItHasItsLikes(t *testing.T) {
	t.Parallel()
	p := &platform{}
	n := connected(p)
	in(t, p, func(t *testing.T, w *world) {
		v := w.postAfter(
			domain.After{Do: domain.ActionComment, Likes: 10, Text: "thanks"},
			domain.After{Do: domain.ActionRepost, Likes: 1000, Watch: 24 * time.Hour},
		)
		root := v.Deliveries[0]
		go func() {
			time.Sleep(3 * time.Hour)
			n.like(9)
			time.Sleep(3 * time.Hour)
			n.like(10)
			for i := range 3 { // jobs may run twice
				raw, _ := json.Marshal(map[string]any{"post": v.Post.ID, "delivery": root.ID, "rule": 0, "do": "comment", "likes": 10, "text": "thanks"})
				_ = w.eng.Jobs.Enqueue(t.Context(), domain.Job{Organization: w.actor.Organization, Kind: "after.likes", Key: fmt.Sprint(i), Payload: raw})
			}
		}()
		w.settle()
		w.wantShown(`acct "root" on ""`, `acct "thanks" on "post-1"`)
		ds := w.wantFollowing(v.Post.ID, isOut)
		after := ds[0].Out().Sub(w.delivery(v.Post.ID).Out())
		if after < 5*time.Hour || after > 9*time.Hour {
			t.Errorf("it followed after %s, want soon after 6 h", after)
		}
		if time.Since(root.DueAt) > 25*time.Hour || n.counted > 60 {
			t.Errorf("it was watched for %s, %d times; want a day and few", time.Since(root.DueAt), n.counted)
		}
		if dead, err := w.eng.Jobs.Dead(t.Context(), w.actor, domain.JobPage{Limit: 9}); err != nil || len(dead) != 0 {
			t.Errorf("dead letters: %v, %v", dead, err)
		}
	})
}

func TestWithdrawingEndsWhatFollows(t *testing.T) {
	t.Parallel()
	p := &platform{}
	n := connected(p)
	in(t, p, func(t *testing.T, w *world) {
		v := w.postAfter(
			domain.After{Do: domain.ActionComment, Delay: time.Hour, Text: "too late"},
			domain.After{Do: domain.ActionRepost, Likes: 5},
			domain.After{Do: domain.ActionComment, Delay: 10 * time.Minute, Text: "taken out"},
		)
		time.Sleep(2 * time.Minute)
		if _, _, err := w.eng.Tick(t.Context()); err != nil {
			t.Fatal(err)
		}
		ds := w.wantFollowing(v.Post.ID, domain.DeliveryScheduled, domain.DeliveryScheduled)
		_, err := w.eng.Posts.Update(t.Context(), w.actor, v.Post.ID, 0, core.PostInput{
			Items: []domain.Item{{Text: "edited"}}, Targets: []domain.Target{{Channel: w.channel.ID}}, When: core.Now,
		})
		if fault.KindOf(err) != fault.Conflict {
			t.Errorf("edit of what is out: got %v, want a conflict", err)
		}
		if _, err := w.eng.Posts.Skip(t.Context(), w.actor, v.Post.ID, ds[1].ID); err != nil {
			t.Errorf("taking one out: %v", err)
		}
		w.wantFollowing(v.Post.ID, domain.DeliveryScheduled, domain.DeliveryCanceled)
		if err := w.eng.Posts.Delete(t.Context(), w.actor, v.Post.ID, 0); err != nil {
			t.Fatal(err)
		}
		n.like(100)
		w.settle()
		w.wantShown(`acct "root" on ""`)
		if len(n.reposts) != 0 || n.counted != 0 {
			t.Errorf("got %v after %d counts, want nothing after the post was deleted", n.reposts, n.counted)
		}
	})
}

// TestSettledPostIsFollowed: a person said that the root is out, and where.
func TestSettledPostIsFollowed(t *testing.T) {
	t.Parallel()
	p := &platform{answer: func(n int) (bool, error) {
		if n == 1 {
			return false, errors.New("the answer was lost")
		}
		return true, nil
	}}
	connected(p)
	in(t, p, func(t *testing.T, w *world) {
		v := w.postAfter(domain.After{Do: domain.ActionComment, Text: "comment"})
		w.settle()
		d := w.wantState(v.Post.ID, domain.DeliveryUnknown)
		if len(w.view(v.Post.ID).Following) != 0 {
			t.Error("something follows what may not be out")
		}
		if _, err := w.eng.Posts.Settle(t.Context(), w.actor, v.Post.ID, d.ID, core.Answer{There: true, Link: "https://example.org/x"}); err != nil {
			t.Fatal(err)
		}
		w.settle()
		w.wantFollowing(v.Post.ID, isOut)
		w.wantShown(`acct "comment" on "acct:https://example.org/x"`)
	})
}

// TestDelayedFirstComment: on the channel itself it is an item with a delay.
func TestDelayedFirstComment(t *testing.T) {
	t.Parallel()
	p := &platform{}
	in(t, p, func(t *testing.T, w *world) {
		v, err := w.eng.Posts.Create(t.Context(), w.actor, core.PostInput{
			Items:   []domain.Item{{Text: "root"}, {Text: "first comment", Delay: 10 * time.Minute}, {Text: "finisher", Delay: time.Hour}},
			Targets: []domain.Target{{Channel: w.channel.ID}}, When: core.Now,
		})
		if err != nil {
			t.Fatal(err)
		}
		w.settle()
		w.wantShown(`acct "root" on ""`, `acct "first comment" on "post-1"`, `acct "finisher" on "post-2"`)
		parts := w.wantState(v.Post.ID, isOut).Parts
		if got := parts[1].PublishedAt.Sub(parts[0].PublishedAt); got < 10*time.Minute || got > 11*time.Minute {
			t.Errorf("the comment came %s after the post, want 10 min", got)
		}
	})
}

// TestPauseAndRejectionHoldWhatFollows: it is held back like any other delivery.
func TestPauseAndRejectionHoldWhatFollows(t *testing.T) {
	t.Parallel()
	p := &platform{}
	connected(p)
	in(t, p, func(t *testing.T, w *world) {
		w.require()
		v := w.postAfter(domain.After{Do: domain.ActionComment, Delay: time.Hour, Text: "comment"})
		if err := w.approve(v.Post); err != nil {
			t.Fatal(err)
		}
		w.pass(30 * time.Minute)
		w.wantFollowing(v.Post.ID, domain.DeliveryScheduled)
		if _, err := w.eng.Posts.Reject(t.Context(), w.actor, v.Post.ID, core.Seen{Hash: v.Post.ContentHash()}, "No."); err != nil {
			t.Fatal(err)
		}
		w.pass(time.Hour)
		w.wantFollowing(v.Post.ID, domain.DeliveryBlocked)
		if _, err := w.eng.Pauses.PauseChannel(t.Context(), w.actor, w.channel.ID, "Quiet."); err != nil {
			t.Fatal(err)
		}
		if err := w.approve(v.Post); err != nil {
			t.Fatal(err)
		}
		w.pass(time.Hour)
		w.wantFollowing(v.Post.ID, domain.DeliveryBlocked)
		w.wantOut("root")
		if _, err := w.eng.Pauses.ResumeChannel(t.Context(), w.actor, w.channel.ID); err != nil {
			t.Fatal(err)
		}
		w.settle()
		w.wantFollowing(v.Post.ID, isOut)
		w.wantOut("root", "comment")
	})
}

// TestWhatFollowsIsAskedForAgain: a platform that has a comment and does not say
// what became of it has not refused it.
func TestWhatFollowsIsAskedForAgain(t *testing.T) {
	t.Parallel()
	in(t, &platform{processing: 2}, func(t *testing.T, w *world) {
		sent, refused := 0, 0
		w.plat.step = func(_ context.Context, what string) error {
			switch what {
			case "publish:before":
				sent++
			case "check:before":
				if sent == 2 && refused == 0 { // the comment
					refused++
					return social.Errorf(social.CodeScopeMissing, "Reading is not allowed.")
				}
			}
			return nil
		}
		v := w.postAfter(domain.After{Do: domain.ActionComment, Text: "comment"})
		w.settle()
		w.wantFollowing(v.Post.ID, isOut)
		if refused != 1 || sent != 2 {
			t.Errorf("got %d refusals and %d calls that publish, want 1 and 2", refused, sent)
		}
	})
}
