package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/store"
)

func jobChecks() []Check {
	return []Check{
		{"job/a key keeps doubles out", jobKey},
		{"job/a key is kept once under parallel inserts", jobKeyParallel},
		{"job/an insert that is left out spoils nothing", jobInsertLeftOut},
		{"job/update refuses a key that is taken", jobUpdateKey},
		{"job/is removed by the holder of its token only", jobRemove},
		{"job/lists dead letters, the newest first", jobDead},
		{"job/claim takes what is due, in order", jobClaimOrder},
		{"job/claim begins an attempt, a hand-over does not", jobClaimLease},
		{"job/claim never hands one out twice", jobClaimNeverTwice},
		{"job/claim takes many at once", jobMany},
		{"job/next wake follows leases and kinds", jobWake},
		{"job/renew extends living leases of the owner only", jobRenew},
	}
}

// job inserts a job that is due at noon.
func (b *bench) job(id domain.JobID, change ...func(*domain.Job)) domain.Job {
	j := domain.Job{
		ID: id, Organization: ours, Kind: "mail", State: domain.JobWaiting, RunAt: noon(), MaxAttempts: 3,
		CreatedAt: noon(), Version: 1,
	}
	for _, c := range change {
		c(&j)
	}
	b.must(b.Jobs().Insert(b, j), "insert "+string(j.ID))
	return j
}

func keyed(key string) func(*domain.Job)   { return func(j *domain.Job) { j.Key = key } }
func ofKind(kind string) func(*domain.Job) { return func(j *domain.Job) { j.Kind = kind } }
func runAt(t time.Time) func(*domain.Job)  { return func(j *domain.Job) { j.RunAt = t } }
func theirJob(j *domain.Job)               { j.Organization = theirs }
func diedAt(t time.Time) func(*domain.Job) {
	return func(j *domain.Job) { j.State, j.DiedAt = domain.JobDead, t }
}

func jobIDs(js []domain.Job) []domain.JobID {
	return names(js, func(j domain.Job) domain.JobID { return j.ID })
}
func noChange(*domain.Job) error { return nil }
func jobClaim(now time.Time) domain.JobClaim {
	return domain.JobClaim{Owner: "w", Now: now, Until: now.Add(time.Minute), Limit: 99}
}

func (b *bench) claimJobs(c domain.JobClaim) []domain.Job {
	return must2[[]domain.Job](b, "claim")(b.Jobs().Claim(b, c))
}

// wantJobs notes a finding unless exactly these of the jobs of an organization
// are there.
func (b *bench) wantJobs(when string, o org, there map[domain.JobID]bool) {
	for id, want := range there {
		_, err := b.Jobs().Get(b, o, id)
		if err != nil && !errors.Is(err, fault.ErrNotFound) {
			b.fatalf("get %s: got error %q, want none", id, err)
		}
		if (err == nil) != want {
			b.errorf("%s: job %s is there: got %t, want %t", when, id, err == nil, want)
		}
	}
}

func jobKey(b *bench) {
	b.job("first", keyed("k"))
	b.job("double", keyed("k"))
	b.job("other-kind", keyed("k"), ofKind("hook"))
	b.job("no-key")
	b.job("no-key-either")
	b.job("theirs", keyed("k"), theirJob)
	b.job("dead-double", keyed("k"), diedAt(noon()))
	b.job("first", keyed("another")) // an id that exists
	b.wantJobs("after inserts with one key", ours, map[domain.JobID]bool{
		"first": true, "double": false, "other-kind": true, "no-key": true, "no-key-either": true, "dead-double": true,
	})
	b.wantJobs("of another tenant", theirs, map[domain.JobID]bool{"theirs": true, "first": false})
	if got := must2[domain.Job](b, "get")(b.Jobs().Get(b, ours, "first")); got.Key != "k" {
		b.errorf("key after a second insert of the id: got %q, want k", got.Key)
	}
	b.claimJobs(jobClaim(noon()))
	b.job("while-leased", keyed("k"))
	_, err := b.Jobs().Update(b, ours, "first", func(j *domain.Job) error { j.Bury(domain.Reason{}, noon()); return nil })
	b.must(err, "bury")
	b.job("after-death", keyed("k"))
	b.wantJobs("after the first one died", ours, map[domain.JobID]bool{"while-leased": false, "after-death": true})
	got := must2[domain.Job](b, "get")(b.Jobs().Get(b, ours, "after-death"))
	b.must(b.Jobs().Remove(b, ours, "after-death", got.Lease.Token), "remove")
	b.job("after-the-end", keyed("k"))
	b.wantJobs("after the second one is done", ours, map[domain.JobID]bool{"after-the-end": true})
}

func jobKeyParallel(b *bench) {
	b.parallel(20, func(i int) {
		j := domain.Job{ID: domain.JobID(fmt.Sprint("j", i)), Organization: ours, Kind: "mail", Key: "k", State: domain.JobWaiting, Version: 1}
		insert := func(ctx context.Context, r store.Repos) error { return r.Jobs().Insert(ctx, j) }
		err := b.InTx(b, insert)
		if i%2 == 0 {
			err = insert(b, b)
		}
		if err != nil {
			b.errorf("parallel insert: got error %q, want none", err)
		}
	})
	if got := b.claimJobs(jobClaim(noon())); len(got) != 1 {
		b.errorf("jobs after 20 parallel inserts with one key: got %d, want 1", len(got))
	}
}

func jobInsertLeftOut(b *bench) {
	b.job("first", keyed("k"))
	b.must(b.InTx(b, func(ctx context.Context, r store.Repos) error {
		double := domain.Job{ID: "double", Organization: ours, Kind: "mail", Key: "k", State: domain.JobWaiting, Version: 1}
		good := domain.Job{ID: "good", Organization: ours, Kind: "mail", State: domain.JobWaiting, Version: 1}
		if err := r.Jobs().Insert(ctx, double, good); err != nil {
			return err
		}
		return r.Jobs().Insert(ctx)
	}), "InTx")
	b.wantJobs("after the commit", ours, map[domain.JobID]bool{"double": false, "good": true})
}

func jobUpdateKey(b *bench) {
	b.job("dead", keyed("k"), diedAt(noon()))
	b.job("alive", keyed("k"))
	replay := func(j *domain.Job) error { return j.Replay(noon()) }
	if _, err := b.Jobs().Update(b, ours, "dead", replay); !errors.Is(err, fault.ErrConflict) {
		b.errorf("replay while the key is taken: got error %v, want fault.ErrConflict", err)
	}
	b.must(b.InTx(b, func(ctx context.Context, r store.Repos) error {
		if _, err := r.Jobs().Update(ctx, ours, "dead", replay); !errors.Is(err, fault.ErrConflict) {
			b.errorf("replay inside a transaction while the key is taken: got error %v, want fault.ErrConflict", err)
		}
		return r.Jobs().Remove(ctx, ours, "alive", 0)
	}), "InTx")
	got := must2[domain.Job](b, "replay")(b.Jobs().Update(b, ours, "dead", replay))
	if got.State != domain.JobWaiting || got.Version != 2 {
		b.errorf("after the replay: got state %s and version %d, want waiting and 2", got.State, got.Version)
	}
}

func jobRemove(b *bench) {
	j := b.job("j")
	c := b.claimJobs(jobClaim(noon()))
	if len(c) != 1 {
		b.fatalf("claim: got %d jobs, want 1", len(c))
	}
	token := c[0].Lease.Token
	for what, err := range map[string]error{
		"with an old token":        b.Jobs().Remove(b, ours, j.ID, token-1),
		"for another organization": b.Jobs().Remove(b, theirs, j.ID, token),
		"of nothing":               b.Jobs().Remove(b, ours, "none", 0),
	} {
		if !errors.Is(err, fault.ErrNotFound) {
			b.errorf("remove %s: got error %v, want fault.ErrNotFound", what, err)
		}
	}
	b.wantJobs("after removals that must fail", ours, map[domain.JobID]bool{"j": true})
	b.must(b.Jobs().Remove(b, ours, j.ID, token), "remove")
	b.wantJobs("after the removal", ours, map[domain.JobID]bool{"j": false})
}

func jobDead(b *bench) {
	for _, id := range tied {
		b.job(domain.JobID(id), diedAt(noon()))
	}
	b.job("newest", diedAt(at(time.Hour)))
	b.job("oldest", diedAt(at(-time.Microsecond)))
	b.job("alive")
	b.job("theirs", diedAt(at(time.Minute)), theirJob)
	want := []domain.JobID{"newest"}
	for i := range tied {
		want = append(want, domain.JobID(tied[len(tied)-1-i]))
	}
	want = append(want, "oldest")
	var got []domain.JobID
	page := domain.JobPage{Limit: 2}
	for range len(want) {
		js := must2[[]domain.Job](b, "dead")(b.Jobs().Dead(b, ours, page))
		if len(js) == 0 {
			break
		}
		got = append(got, jobIDs(js)...)
		last := js[len(js)-1]
		page.Before, page.BeforeID = last.DiedAt, last.ID
	}
	order(b, "dead letters by pages", got, want...)
	order(b, "their dead letters", jobIDs(must2[[]domain.Job](b, "dead")(b.Jobs().Dead(b, theirs, domain.JobPage{Limit: 9}))), "theirs")
	order(b, "claim", jobIDs(b.claimJobs(jobClaim(noon()))), "alive")
}

func jobClaimOrder(b *bench) {
	b.job("future", runAt(at(time.Microsecond)))
	b.job("now", runAt(noon()))
	b.job("b", runAt(at(-time.Minute)))
	b.job("a", runAt(at(-time.Minute)))
	b.job("oldest", runAt(at(-time.Hour)), theirJob)
	b.job("hook", ofKind("hook"), runAt(at(-2*time.Hour)))
	b.job("feed", ofKind("feed"), runAt(at(-time.Hour)))
	two := jobClaim(noon())
	two.Kinds, two.Limit = []string{"mail"}, 2
	order(b, "two of one kind", jobIDs(b.claimJobs(two)), "oldest", "a")
	rest := jobClaim(noon())
	rest.Kinds = []string{"feed", "mail"}
	order(b, "the rest of two kinds", jobIDs(b.claimJobs(rest)), "feed", "b", "now")
	order(b, "all that is left", jobIDs(b.claimJobs(jobClaim(noon()))), "hook")
	order(b, "while the leases live", jobIDs(b.claimJobs(jobClaim(at(time.Minute-time.Microsecond)))), "future")
	order(b, "when they end", jobIDs(b.claimJobs(jobClaim(at(time.Minute)))), "hook", "feed", "oldest", "a", "b", "now")
}

func jobClaimLease(b *bench) {
	j := jobKind().new(b)
	j.State, j.RunAt, j.Lease = domain.JobWaiting, noon(), domain.Lease{Token: 6}
	b.must(b.Jobs().Insert(b, j), "insert")
	for _, handOver := range []bool{true, false} {
		c := jobClaim(noon())
		c.HandOver = handOver
		if !handOver {
			c.Now = at(time.Hour)
			c.Until = at(2 * time.Hour).In(time.FixedZone("east", 3600)).Add(999)
		}
		got := b.claimJobs(c)
		j.Claim(c)
		b.same("what claim returned", got, []domain.Job{j})
		b.same("what get returned after it", must2[domain.Job](b, "get")(b.Jobs().Get(b, ours, j.ID)), j)
	}
}

func jobClaimNeverTwice(b *bench) {
	const rows, workers = 100, 8
	for i := range rows {
		b.job(domain.JobID(fmt.Sprintf("j%03d", i)), runAt(at(time.Duration(-i%7)*time.Second)))
	}
	var mu sync.Mutex
	times := map[domain.JobID]int{}
	b.parallel(workers, func(w int) {
		for vain, round := 0, 0; vain < 3 && round < rows; round++ {
			js, err := b.Jobs().Claim(b, domain.JobClaim{Owner: fmt.Sprint("w", w), Now: noon(), Until: at(time.Minute), Limit: 7})
			if err != nil {
				b.errorf("parallel claim: got error %q, want none", err)
				return
			}
			if len(js) == 0 {
				vain++
			}
			mu.Lock()
			for _, j := range js {
				if times[j.ID]++; times[j.ID] == 2 {
					b.errorf("%s was handed out twice", j.ID)
				}
			}
			mu.Unlock()
		}
	})
	if len(times) != rows {
		b.errorf("%d of %d jobs were handed out", len(times), rows)
	}
}

func jobMany(b *bench) {
	const n = 1200
	var js []domain.Job
	for i := range n {
		js = append(js, domain.Job{ID: domain.JobID(fmt.Sprintf("j%04d", i)), Organization: ours, State: domain.JobWaiting, RunAt: noon(), Version: 1})
	}
	b.must(b.Jobs().Insert(b, js...), "insert")
	c := jobClaim(noon())
	c.Limit = 2 * n
	if got := b.claimJobs(c); len(got) != n {
		b.errorf("claim of all: got %d, want %d", len(got), n)
	}
	if ids := must2[[]domain.JobID](b, "renew")(b.Jobs().Renew(b, "w", jobIDs(js), at(time.Hour))); len(ids) != n {
		b.errorf("renew of all: got %d, want %d", len(ids), n)
	}
}

func jobWake(b *bench) {
	want := func(when string, t time.Time, kinds ...string) {
		got := must2[time.Time](b, "NextWake")(b.Jobs().NextWake(b, kinds...))
		b.same("next wake "+when, got, t)
	}
	want("of an empty store", time.Time{})
	b.job("dead", diedAt(noon()))
	want("where nothing but a person helps", time.Time{})
	b.job("later", runAt(at(time.Hour)), ofKind("hook"))
	b.job("soon", theirJob)
	want("of two", noon())
	want("of one kind", at(time.Hour), "hook")
	want("of a kind that nobody has", time.Time{}, "none")
	b.claimJobs(jobClaim(noon()))
	want("while the lease lives", at(time.Minute))
	must2[[]domain.JobID](b, "renew")(b.Jobs().Renew(b, "w", []domain.JobID{"soon"}, at(2*time.Hour)))
	want("after it was renewed beyond the other", at(time.Hour))
	want("of two kinds", at(time.Hour), "hook", "mail")
	_, err := b.Jobs().Update(b, theirs, "soon", func(j *domain.Job) error { j.Retry(at(time.Second), domain.Reason{}); return nil })
	b.must(err, "retry")
	want("of a retry", at(time.Second))
}

func jobRenew(b *bench) {
	b.job("mine")
	b.job("free", runAt(at(time.Hour)))
	b.claimJobs(jobClaim(noon()))
	b.job("other")
	other := jobClaim(noon())
	other.Owner = "v"
	b.claimJobs(other)
	all := []domain.JobID{"other", "mine", "free", "none"}
	order(b, "renewed", must2[[]domain.JobID](b, "renew")(b.Jobs().Renew(b, "w", all, at(5*time.Minute))), "mine")
	order(b, "claim at the old end", jobIDs(b.claimJobs(jobClaim(at(2*time.Minute)))), "other")
	order(b, "renewed for nobody", must2[[]domain.JobID](b, "renew")(b.Jobs().Renew(b, "", all, at(time.Hour))))
	_, err := b.Jobs().Update(b, ours, "mine", func(j *domain.Job) error { j.Snooze(at(time.Hour)); return nil })
	b.must(err, "snooze")
	order(b, "renewed after it was given back", must2[[]domain.JobID](b, "renew")(b.Jobs().Renew(b, "w", []domain.JobID{"mine"}, at(time.Hour))))
	got := must2[domain.Job](b, "update")(b.Jobs().Update(b, ours, "mine", noChange))
	if got.Lease.Owner != "" || got.Lease.Token != 2 || got.Attempts != 0 {
		b.errorf("after a snooze: got lease %+v and %d attempts, want token 2, no owner and none", got.Lease, got.Attempts)
	}
}
