package queuetest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"sync/atomic"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
)

func enqueueChecks() []Check {
	return []Check{
		{"enqueue/every job runs once", runsOnce},
		{"enqueue/a job comes as it was given", comesAsGiven},
		{"enqueue/refuses what breaks a rule", refusesBadJobs},
		{"enqueue/fills in what is left open", fillsIn},
		{"run-at/nothing runs early", neverEarly},
		{"run-at/a nearer job is seen by a sleeping consumer", nearerJob},
	}
}

func runsOnce(b *bench) {
	b.open(Settings{})
	var jobs []domain.Job
	for i := range 30 {
		jobs = append(jobs, b.job(of([]domain.OrganizationID{ours, theirs, ""}[i%3])))
	}
	b.must(b.Enqueue(b, jobs[:20]...), "enqueue")
	one, two := b.start(Options{}, succeed), b.start(Options{}, succeed)
	b.must(b.Enqueue(b, jobs[20:]...), "enqueue")
	b.must(b.Enqueue(b), "enqueue of nothing")
	for _, j := range jobs {
		if rs := b.ran(j.ID, 1); rs[0].job.Organization != j.Organization {
			b.errorf("organization of %s: got %q, want %q", j.ID, rs[0].job.Organization, j.Organization)
		}
	}
	b.pause(15) // leases end meanwhile
	for _, j := range jobs {
		b.exactly("after the leases ended", j.ID, 1)
	}
	b.end(one)
	b.end(two)
	if n := len(b.dead(ours)) + len(b.dead(theirs)) + len(b.dead("")); n != 0 {
		b.errorf("dead letters after jobs that worked: got %d, want none", n)
	}
}

// nasty breaks careless encodings: numbers beyond a float, and text that needs
// quoting.
const nasty = `{"big":12345678901234567890,"f":1.50,"s":"<ü> 😀 \u2028 '\" \\ ? ?0 $1 %s","deep":[{"a":[null,true]}]}`

func comesAsGiven(b *bench) {
	b.open(Settings{})
	long := strings.Repeat("x", 100_000)
	payloads := []string{nasty, `"` + long + `"`, `null`, `0`, ``}
	var jobs []domain.Job
	for i, p := range payloads {
		jobs = append(jobs, b.job(key("k ü'\""+fmt.Sprint(i)), attempts(3), func(j *domain.Job) { j.Payload = json.RawMessage(p) }))
	}
	b.must(b.Enqueue(b, jobs...), "enqueue")
	for _, j := range jobs {
		clear(j.Payload) // what was enqueued is not shared
	}
	var n atomic.Int64
	b.start(Options{}, func(_ context.Context, j domain.Job) error {
		clear(j.Payload)
		if n.Add(1) <= int64(len(payloads)) {
			return errWork
		}
		return nil
	})
	for i, j := range jobs {
		for try, r := range b.ran(j.ID, 2) {
			if !sameJSON(r.job.Payload, []byte(payloads[i])) {
				b.errorf("payload in run %d: got %.200s, want %.200s", try+1, r.job.Payload, payloads[i])
			}
			if r.job.Kind != j.Kind || r.job.Key != j.Key || r.job.MaxAttempts != 3 || r.job.Attempts != try+1 {
				b.errorf("run %d: got kind %q, key %q and attempt %d of %d, want %q, %q and %d of 3",
					try+1, r.job.Kind, r.job.Key, r.job.Attempts, r.job.MaxAttempts, j.Kind, j.Key, try+1)
			}
		}
	}
}

func sameJSON(a, b []byte) bool {
	if len(a) == 0 || len(b) == 0 {
		return len(a) == len(b)
	}
	x, errX := decode(a)
	y, errY := decode(b)
	return errX == nil && errY == nil && reflect.DeepEqual(x, y)
}

// decode keeps numbers as they are written.
func decode(raw []byte) (v any, err error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	err = d.Decode(&v)
	return v, err
}

func refusesBadJobs(b *bench) {
	b.open(Settings{})
	good := b.job()
	for name, bad := range map[string]domain.Job{
		"no kind":             b.job(ofKind("")),
		"a long kind":         b.job(ofKind(strings.Repeat("k", 1000))),
		"a long key":          b.job(key(strings.Repeat("k", 5000))),
		"a NUL in the key":    b.job(key("a\x00b")),
		"a payload like that": b.job(func(j *domain.Job) { j.Payload = json.RawMessage(`{"a":`) }),
		"a broken payload":    b.job(func(j *domain.Job) { j.Payload = json.RawMessage("\"\xff\"") }),
		"negative attempts":   b.job(attempts(-1)),
	} {
		if err := b.Enqueue(b, good, bad); fault.KindOf(err) != fault.Invalid {
			b.errorf("enqueue with %s: got error %v, want a fault of kind invalid", name, err)
		}
	}
	b.start(Options{}, succeed)
	last := b.put()
	b.ran(last.ID, 1)
	b.pause(3)
	b.exactly("after it was enqueued only together with bad ones", good.ID, 0)
}

func fillsIn(b *bench) {
	b.open(Settings{})
	before := b.h.Now()
	b.must(b.Enqueue(b, domain.Job{Kind: mail, Organization: ours}, domain.Job{
		Kind: mail, Organization: ours, State: domain.JobDead, Attempts: 9, Lease: domain.Lease{Owner: "x", Until: before.Add(b.units(1e6)), Token: 7},
	}), "enqueue")
	b.start(Options{}, succeed)
	b.eventually("the runs of two jobs without an id", func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		return len(b.runs) >= 2
	})
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.runs[0].job.ID == "" || b.runs[0].job.ID == b.runs[1].job.ID {
		b.found = append(b.found, fmt.Sprintf("ids: got %q and %q, want two of their own", b.runs[0].job.ID, b.runs[1].job.ID))
	}
	for _, r := range b.runs {
		if r.job.Attempts != 1 || r.job.MaxAttempts != 3 || r.job.CreatedAt.Before(before.Add(-b.units(1))) || r.job.RunAt.IsZero() {
			b.found = append(b.found, fmt.Sprintf("a job of which only the kind was given: got %+v, want attempt 1 of 3, created and due now", r.job))
		}
	}
}

func neverEarly(b *bench) {
	b.open(Settings{})
	start := b.h.Now()
	var jobs []domain.Job
	for i := range 8 {
		jobs = append(jobs, b.job(runAt(start.Add(b.units(float64(7-i)))), of([]domain.OrganizationID{ours, theirs}[i%2])))
	}
	b.must(b.Enqueue(b, jobs...), "enqueue")
	b.start(Options{}, succeed)
	b.start(Options{}, succeed)
	for _, j := range jobs {
		b.onTime(b.ran(j.ID, 1)[0], j)
	}
}

// onTime notes a finding if a run began early, or late where time is virtual.
func (b *bench) onTime(r run, j domain.Job) {
	want := domain.Instant(j.RunAt)
	if r.begin.Before(want) {
		b.errorf("%s ran %v before its time", j.ID, want.Sub(r.begin))
	}
	if late := r.begin.Sub(want); b.h.Virtual && late > b.units(1) {
		b.errorf("%s ran %v after its time, want at most a poll", j.ID, late)
	}
}

func nearerJob(b *bench) {
	b.open(Settings{})
	start := b.h.Now()
	far := b.put(runAt(start.Add(b.units(12))))
	b.start(Options{}, succeed)
	b.pause(2)
	near := b.put(runAt(start.Add(b.units(4))))
	b.onTime(b.ran(near.ID, 1)[0], near)
	b.exactly("when the nearer job has run", far.ID, 0)
	b.onTime(b.ran(far.ID, 1)[0], far)
}
