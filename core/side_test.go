package core_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/crierhq/crier/adapters/memstore"
	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/queue"
	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/ports/store"
	"github.com/crierhq/crier/testkit/enginetest"
)

// realTime lets an engine live in the time of the bubble.
func realTime(c *core.Config) { c.Now = time.Now }

// TestRegression05FailingSideJobNeverRepublishes has side jobs fail in every way
// while posts go out, some of which have to be tried more than once.
func TestRegression05FailingSideJobNeverRepublishes(t *testing.T) {
	t.Parallel()
	ways := map[string]queue.Handler{
		"error":  func(context.Context, domain.Job) error { return errors.New("it failed") },
		"panic":  func(context.Context, domain.Job) error { panic("it went wrong") },
		"exit":   func(context.Context, domain.Job) error { runtime.Goexit(); return nil },
		"hang":   func(ctx context.Context, _ domain.Job) error { <-ctx.Done(); return ctx.Err() },
		"no end": func(context.Context, domain.Job) error { return queue.Snooze(time.Second) },
	}
	for name, do := range ways {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var runs atomic.Int64
				kind := core.JobKind{Name: "bad", Policy: queue.Policy{Timeout: time.Minute}, Do: func(ctx context.Context, j domain.Job) error {
					runs.Add(1)
					return do(ctx, j)
				}}
				e := enginetest.New(t, realTime, func(c *core.Config) { c.Jobs = []core.JobKind{kind} })
				ch := e.Connect(e.Owner, "a")
				calls := map[string]int{}
				e.Platform.OnPublish = func(_ context.Context, tg social.Target, _ social.Item, _ social.Cursor) (social.Outcome, error) {
					if calls[tg.Key]++; calls[tg.Key] == 1 {
						return social.Outcome{}, social.Errorf(social.CodeUnavailable, "Try again.")
					}
					return social.Published(social.Ref{ID: tg.Key}), nil
				}
				stop := run(t, e)
				var ids []domain.PostID
				for i := range 20 {
					// A use case would enqueue in the transaction of what it is for.
					err := e.Store.InTx(t.Context(), func(ctx context.Context, r store.Repos) error {
						in := e.On(joined{r})
						v, err := in.Posts.Create(ctx, e.Owner, post(ch))
						if err != nil {
							return err
						}
						ids = append(ids, v.Post.ID)
						return in.Jobs.Within(ctx, r, domain.Job{Organization: e.Org.ID, Kind: "bad", Key: fmt.Sprint(i)})
					})
					if err != nil {
						t.Fatal(err)
					}
					e.Wake()
					time.Sleep(time.Minute)
				}
				time.Sleep(10 * time.Minute)
				stop()
				for _, id := range ids {
					v, err := e.Posts.Get(t.Context(), e.Owner, id)
					if err != nil || v.Summary != domain.SummaryPublished || len(v.Attempts) != 2 {
						t.Errorf("got %s after %d attempts, %v; want it published after 2", v.Summary, len(v.Attempts), err)
					}
				}
				if n := e.Platform.Calls("Publish"); n != 40 || len(calls) != 20 {
					t.Errorf("calls of the platform: got %d for %d items, want 2 for each of 20", n, len(calls))
				}
				if n := runs.Load(); n < 60 {
					t.Errorf("runs of the jobs: got %d, want 3 of each of 20 at least", n)
				}
				dead, err := e.Jobs.Dead(t.Context(), e.Owner, domain.JobPage{Limit: 100})
				if want := map[bool]int{true: 0, false: 20}[name == "no end"]; err != nil || len(dead) != want {
					t.Errorf("dead letters: got %d, %v; want %d", len(dead), err, want)
				}
			})
		})
	}
}

// TestJobsRunInAnotherProcess: one process enqueues and rings, another one works.
func TestJobsRunInAnotherProcess(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var got []domain.Job
		both := share(t, memstore.New(), newBell())
		kinds := func(c *core.Config) {
			c.Jobs = []core.JobKind{{Name: "note", Do: func(_ context.Context, j domain.Job) error {
				got = append(got, j)
				return nil
			}}}
		}
		writer, worker := enginetest.New(t, both, kinds, realTime), enginetest.New(t, both, kinds, realTime)
		defer run(t, worker)()
		synctest.Wait()
		begin := time.Now()
		job := domain.Job{Organization: writer.Org.ID, Kind: "note", Payload: json.RawMessage(`{"a":1}`)}
		if err := writer.Jobs.Enqueue(t.Context(), job); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if len(got) != 1 || string(got[0].Payload) != `{"a":1}` || got[0].Organization != writer.Org.ID || time.Since(begin) != 0 {
			t.Errorf("got %+v, want the job once and at once", got)
		}
	})
}

func TestTickRunsJobs(t *testing.T) {
	t.Parallel()
	runs := 0
	e := enginetest.New(t, func(c *core.Config) {
		c.Jobs = []core.JobKind{{Name: "n", Policy: queue.Policy{Backoff: time.Minute, Jitter: -1}, Do: func(context.Context, domain.Job) error {
			if runs++; runs == 1 {
				return errors.New("not yet")
			}
			return nil
		}}}
	})
	if _, next, err := e.Tick(t.Context()); err != nil || !next.IsZero() {
		t.Errorf("nothing to do: got %v, %v; want no next time", next, err)
	}
	if err := e.Jobs.Enqueue(t.Context(), domain.Job{Organization: e.Org.ID, Kind: "n"}); err != nil {
		t.Fatal(err)
	}
	in := post(e.Connect(e.Owner, "a"))
	in.When, in.Time = core.At, e.Clock.Now().Add(time.Hour).Format(time.RFC3339)
	if _, err := e.Posts.Create(t.Context(), e.Owner, in); err != nil {
		t.Fatal(err)
	}
	want := e.Clock.Now().Add(time.Minute)
	if _, next, err := e.Tick(t.Context()); err != nil || runs != 1 || !next.Equal(want) {
		t.Errorf("got %d runs, next %v, %v; want 1 and its second try at %v", runs, next, err, want)
	}
	e.Clock.Advance(time.Minute)
	if _, next, err := e.Tick(t.Context()); err != nil || runs != 2 || !next.Equal(want.Add(59*time.Minute)) {
		t.Errorf("got %d runs, next %v, %v; want 2 and then the post", runs, next, err)
	}
}

func TestWorkersCanBeNarrowed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		worker    core.WorkerConfig
		published int
		ran       []string
	}{
		"all":            {core.WorkerConfig{}, 1, []string{"a", "b"}},
		"a kind":         {core.WorkerConfig{Jobs: []string{"b", "b"}}, 1, []string{"b"}},
		"deliveries":     {core.WorkerConfig{Only: core.WorkDeliveries}, 1, nil},
		"jobs":           {core.WorkerConfig{Only: core.WorkJobs}, 0, []string{"a", "b"}},
		"another":        {core.WorkerConfig{Providers: []domain.ProviderID{"other"}}, 0, []string{"a", "b"}},
		"only some jobs": {core.WorkerConfig{Only: core.WorkJobs, Jobs: []string{"a"}}, 0, []string{"a"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var mu sync.Mutex
				var ran []string
				note := func(_ context.Context, j domain.Job) error {
					mu.Lock()
					defer mu.Unlock()
					ran = append(ran, j.Kind)
					return nil
				}
				e := enginetest.New(t, func(cfg *core.Config) {
					cfg.Worker, cfg.Policy.Gap = c.worker, -1
					cfg.Jobs = []core.JobKind{{Name: "a", Do: note}, {Name: "b", Do: note}}
				})
				ch := e.Connect(e.Owner, "a")
				for range 2 { // once for Tick, once for Run
					if _, err := e.Posts.Create(t.Context(), e.Owner, post(ch)); err != nil {
						t.Fatal(err)
					}
					for _, k := range []string{"a", "b"} {
						if err := e.Jobs.Enqueue(t.Context(), domain.Job{Organization: e.Org.ID, Kind: k}); err != nil {
							t.Fatal(err)
						}
					}
					if len(ran) == 0 && e.Platform.Calls("Publish") == 0 {
						if _, _, err := e.Tick(t.Context()); err != nil {
							t.Fatal(err)
						}
						continue
					}
					stop := run(t, e)
					synctest.Wait()
					if err := e.Ready(t.Context()); err != nil {
						t.Errorf("Ready: got %v, want nil", err)
					}
					stop()
				}
				slices.Sort(ran)
				if n := e.Platform.Calls("Publish"); n != 2*c.published || !slices.Equal(slices.Compact(slices.Clone(ran)), c.ran) || len(ran) != 2*len(c.ran) {
					t.Errorf("got %d published and %v, want %d and %v twice", n, ran, 2*c.published, c.ran)
				}
			})
		})
	}
}

func TestNewChecksTheKinds(t *testing.T) {
	t.Parallel()
	do := func(context.Context, domain.Job) error { return nil }
	var good core.Config
	enginetest.New(t, func(c *core.Config) { good = *c })
	for want, change := range map[string]func(*core.Config){
		`"a" is given twice`: func(c *core.Config) { c.Jobs = []core.JobKind{{Name: "a", Do: do}, {Name: "a", Do: do}} },
		"no Name":            func(c *core.Config) { c.Jobs = []core.JobKind{{Do: do}} },
		"no Do":              func(c *core.Config) { c.Jobs = []core.JobKind{{Name: "a"}} },
		"out of range": func(c *core.Config) {
			c.Jobs = []core.JobKind{{Name: "a", Do: do, Policy: queue.Policy{Backoff: -1}}}
		},
		`names "x"`:                    func(c *core.Config) { c.Worker.Jobs = []string{"x"} },
		`Config.Worker.Only is "both"`: func(c *core.Config) { c.Worker.Only = "both" },
		"no carrier": func(c *core.Config) {
			c.Jobs = []core.JobKind{{Name: "a", Do: do}}
			c.Queue = func(queue.Config) (core.JobRunner, error) { return nil, errors.New("no carrier") }
		},
	} {
		cfg := good
		change(&cfg)
		if _, err := core.New(cfg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v, want %q in it", err, want)
		}
	}
}

// runner gives up once, and is a good one then.
type runner struct {
	core.JobRunner
	tries atomic.Int64
}

func (r *runner) Consume(ctx context.Context, h queue.Handler) error {
	if r.tries.Add(1) == 1 {
		return errors.New("the carrier cannot start")
	}
	return r.JobRunner.Consume(ctx, h)
}

func TestARunnerThatGivesUpIsStartedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var ran atomic.Int64
		e := enginetest.New(t, func(c *core.Config) {
			c.Jobs = []core.JobKind{{Name: "a", Do: func(context.Context, domain.Job) error { ran.Add(1); return nil }}}
			c.Queue = func(cfg queue.Config) (core.JobRunner, error) {
				w, err := queue.New(cfg)
				return &runner{JobRunner: w}, err
			}
		})
		if err := e.Jobs.Enqueue(t.Context(), domain.Job{Kind: "a"}); err != nil {
			t.Fatal(err)
		}
		stop := run(t, e)
		time.Sleep(time.Minute)
		stop()
		if n := ran.Load(); n != 1 {
			t.Errorf("got %d runs, want 1", n)
		}
	})
}

func TestDeadLetters(t *testing.T) {
	t.Parallel()
	broken := true
	e := enginetest.New(t, func(c *core.Config) {
		c.Jobs = []core.JobKind{{Name: "hook", Do: func(context.Context, domain.Job) error {
			if broken {
				return queue.Discard(fault.New(fault.Invalid, "gone", "The address is gone."))
			}
			return nil
		}}}
	})
	_, other := e.NewOrganization("")
	user, ctx := enginetest.As(e.Owner, domain.RoleUser, "u"), t.Context()
	for _, key := range []string{"a", "b", "c"} {
		if err := e.Jobs.Enqueue(ctx, domain.Job{ID: domain.JobID(key), Organization: e.Org.ID, Kind: "hook", Key: key}); err != nil {
			t.Fatal(err)
		}
		if _, _, err := e.Tick(ctx); err != nil {
			t.Fatal(err)
		}
		e.Clock.Advance(time.Second)
	}
	list := func(a domain.Actor) string {
		js, err := e.Jobs.Dead(ctx, a, domain.JobPage{Limit: 10})
		if err != nil {
			return string(fault.KindOf(err))
		}
		var out []string
		for _, j := range js {
			out = append(out, fmt.Sprint(j.ID, ":", j.Reason.Code))
		}
		return strings.Join(out, " ")
	}
	for name, c := range map[string]struct {
		actor domain.Actor
		want  string
	}{"own": {e.Owner, "c:gone b:gone a:gone"}, "of another tenant": {other, ""}, "a user": {user, "denied"}, "nobody": {domain.Actor{}, "unauthenticated"}} {
		if got := list(c.actor); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
	want := func(what string, err error, code string) {
		t.Helper()
		f, ok := errors.AsType[*fault.Error](err)
		if code == "" && err != nil || code != "" && (!ok || f.Code != code) {
			t.Errorf("%s: got %v, want %q", what, err, code)
		}
	}
	for what, do := range map[string]func(domain.Actor, domain.JobID) error{
		"replay": func(a domain.Actor, id domain.JobID) error { return e.Jobs.Replay(ctx, a, id) },
		"drop":   func(a domain.Actor, id domain.JobID) error { return e.Jobs.Drop(ctx, a, id) },
	} {
		want(what+" of another tenant", do(other, "a"), "job_not_found")
		want(what+" by a user", do(user, "a"), "not_allowed")
		want(what+" of none", do(e.Owner, "x"), "job_not_found")
	}
	want("drop", e.Jobs.Drop(ctx, e.Owner, "a"), "")
	want("drop again", e.Jobs.Drop(ctx, e.Owner, "a"), "job_not_found")
	if err := e.Jobs.Enqueue(ctx, domain.Job{ID: "new b", Organization: e.Org.ID, Kind: "hook", Key: "b"}); err != nil {
		t.Fatal(err)
	}
	want("replay where a newer one waits", e.Jobs.Replay(ctx, e.Owner, "b"), "job_replaced")
	want("replay", e.Jobs.Replay(ctx, e.Owner, "c"), "")
	want("replay of one that waits", e.Jobs.Replay(ctx, e.Owner, "c"), "job_not_dead")
	want("drop of one that waits", e.Jobs.Drop(ctx, e.Owner, "c"), "job_not_dead")
	broken = false
	if _, next, err := e.Tick(ctx); err != nil || !next.IsZero() {
		t.Errorf("got %v, %v; want all work done", next, err)
	}
	if got := list(e.Owner); got != "b:gone" {
		t.Errorf("got %q, want the one that was neither replayed nor dropped", got)
	}
}

func TestJobsOfNoKindAreRefused(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	err := e.Jobs.Enqueue(t.Context(), domain.Job{Organization: e.Org.ID, Kind: "none"})
	if fault.KindOf(err) != fault.Invalid || !strings.Contains(fmt.Sprint(err), "none") {
		t.Errorf("got %v, want it refused", err)
	}
}
