// Package queuetest is the conformance kit for ports/queue: what every queue
// must keep to, as checks that can be run against any of them.
//
// A check works on an empty queue and reports findings instead of failing a
// test, so that the kit itself is tested with queues that are wrong on purpose.
// A queue without a network runs in a bubble of testing/synctest, where the
// checks also see what comes too late.
package queuetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/queue"
)

// Harness says how to get at the queue under test.
type Harness struct {
	// Open returns an empty queue of its own for each call and closes it with
	// t.Cleanup. It may be called at the same time from several tests.
	Open func(t testing.TB, s Settings) Subject
	// Now is the clock of the queue, such as time.Now.
	Now func() time.Time
	// Virtual says that the queue touches no network and no file: each check
	// runs in a bubble, in no time.
	Virtual bool
	// Unit scales all waits: leases and back-offs are some units long. Where
	// time is real it must be long against a round trip. Default 100 ms, and a
	// second where time is virtual.
	Unit time.Duration
	// Waive names checks that this queue is known not to pass, each with the
	// reason. A name that no check has is an error.
	Waive map[string]string
}

// Settings are what a check wants of the queue. Zero fields mean the defaults
// of the port.
type Settings struct {
	Policy             queue.Policy
	Policies           map[string]queue.Policy
	Lease, Poll, Grace time.Duration
}

// Options are what a check wants of a consumer.
type Options struct {
	// Concurrency is how many jobs run at once; never zero.
	Concurrency int
	// Kinds are the kinds to run; never empty.
	Kinds []string
}

// Subject is a queue under test.
type Subject struct {
	queue.Enqueuer
	queue.DeadLetters
	// Consumer returns another consumer of the same queue, as another process
	// would have it. After kill, nothing that it does reaches the queue, as if
	// that process was killed; its handlers may still run. Cut helps with that.
	Consumer func(o Options) (c queue.Consumer, kill func())
}

// Run runs every check as a parallel subtest.
func Run(t *testing.T, h Harness) {
	t.Helper()
	checks := Checks()
	for name := range h.Waive {
		if !slices.ContainsFunc(checks, func(c Check) bool { return c.Name == name }) {
			t.Errorf("there is no check %q to waive", name)
		}
	}
	for _, c := range checks {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			if why, ok := h.Waive[c.Name]; ok {
				t.Skipf("waived: %s", why)
			}
			for _, f := range c.patient(t, h) {
				t.Error(f.Message)
			}
		})
	}
}

// slower is by how much the unit grows where a check in real time has findings.
const slower = 4

// patient is Findings, except that in real time what is found must be found
// again at two slower speeds: a machine that stalls for longer than a lease
// makes the best queue run a job twice, and only a wrong queue does so at any
// speed. What was found at first is logged.
func (c Check) patient(t *testing.T, h Harness) []Finding {
	t.Helper()
	h.Unit = h.unit()
	found := c.Findings(t, h)
	for try := 0; try < 2 && len(found) > 0 && !h.Virtual; try++ {
		t.Logf("found with a unit of %v, which this machine may be too slow for: %v", h.Unit, found)
		h.Unit *= slower
		found = c.Findings(t, h)
	}
	return found
}

// unit is Unit or its default.
func (h Harness) unit() time.Duration {
	switch {
	case h.Unit != 0:
		return h.Unit
	case h.Virtual:
		return time.Second
	default:
		return 100 * time.Millisecond
	}
}

// Check is one rule that a queue must keep to.
type Check struct {
	// Name is stable; it is what Harness.Waive takes.
	Name string
	run  func(*bench)
}

// Finding is one way in which a queue breaks a rule.
type Finding struct {
	// Check is the name of the check that found it.
	Check string
	// Message says what came and what was expected.
	Message string
}

// String is for failure messages.
func (f Finding) String() string { return f.Check + ": " + f.Message }

// Checks lists every check.
func Checks() []Check {
	return slices.Concat(enqueueChecks(), keyChecks(), retryChecks(), deadChecks(), leaseChecks(), consumeChecks())
}

// Findings runs the check on a queue that h opens, and returns what is wrong.
func (c Check) Findings(t *testing.T, h Harness) []Finding {
	t.Helper()
	h.Unit = h.unit()
	b := &bench{h: h, let: make(chan struct{})}
	if h.Virtual {
		synctest.Test(t, func(t *testing.T) { b.check(t, c) })
	} else {
		b.check(t, c)
	}
	out := make([]Finding, len(b.found))
	for i, m := range b.found {
		out[i] = Finding{Check: c.Name, Message: m}
	}
	return out
}

// bench is what a check works with.
type bench struct {
	context.Context //nolint:containedctx // the bench lives as long as one check
	Subject
	h Harness
	t testing.TB
	// let ends the handlers that block for the rest of a check.
	let chan struct{}

	mu        sync.Mutex
	found     []string
	runs      []run
	n         int
	consumers []*consumer
}

// run is one run of a handler.
type run struct {
	job        domain.Job
	begin, end time.Time
}

// patience bounds the waits for a queue, so that one that hangs is a finding.
const patience = time.Minute

func (b *bench) check(t testing.TB, c Check) {
	limit := 600 * b.h.Unit
	if !b.h.Virtual {
		limit = max(limit, patience)
	}
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	b.Context, b.t, b.let = ctx, t, make(chan struct{})
	defer b.stopAll()
	defer func() {
		if p := recover(); p != nil && p != errStop {
			b.errorf("it panicked: %v", p)
		}
	}()
	c.run(b)
}

type stopped struct{}

// errStop ends a check that cannot go on.
var errStop = &stopped{}

func (b *bench) errorf(format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.found = append(b.found, fmt.Sprintf(format, args...))
}

// fatalf notes a finding and ends the check. Only the goroutine of the check
// may call it.
func (b *bench) fatalf(format string, args ...any) {
	b.errorf(format, args...)
	panic(errStop)
}

func (b *bench) must(err error, step string) {
	if err != nil {
		b.fatalf("%s: got error %q, want none", step, err)
	}
}

// units is a time of n units.
func (b *bench) units(n float64) time.Duration { return time.Duration(n * float64(b.h.Unit)) }

// open opens the queue. Waits that s leaves open are short.
func (b *bench) open(s Settings) {
	if s.Lease == 0 {
		s.Lease = b.units(10)
	}
	if s.Poll == 0 {
		s.Poll = b.units(1)
	}
	if s.Grace == 0 {
		s.Grace = b.units(50)
	}
	if s.Policy == (queue.Policy{}) {
		s.Policy = queue.Policy{Backoff: b.units(1), Jitter: -1}
	}
	b.Subject = b.h.Open(b.t, s)
}

// The tenants and kinds of the checks.
const (
	ours   domain.OrganizationID = "org-ours"
	theirs domain.OrganizationID = "org-theirs"

	mail = "mail"
	hook = "hook"
)

// job is a job that is due now.
func (b *bench) job(change ...func(*domain.Job)) domain.Job {
	b.mu.Lock()
	b.n++
	j := domain.Job{ID: domain.JobID(fmt.Sprintf("job-%03d", b.n)), Organization: ours, Kind: mail}
	b.mu.Unlock()
	for _, c := range change {
		c(&j)
	}
	return j
}

func key(k string) func(*domain.Job)               { return func(j *domain.Job) { j.Key = k } }
func ofKind(k string) func(*domain.Job)            { return func(j *domain.Job) { j.Kind = k } }
func of(o domain.OrganizationID) func(*domain.Job) { return func(j *domain.Job) { j.Organization = o } }

func attempts(n int) func(*domain.Job)    { return func(j *domain.Job) { j.MaxAttempts = n } }
func runAt(t time.Time) func(*domain.Job) { return func(j *domain.Job) { j.RunAt = t } }

// put enqueues a job and returns it.
func (b *bench) put(change ...func(*domain.Job)) domain.Job {
	j := b.job(change...)
	b.must(b.Enqueue(b, j), "enqueue "+string(j.ID))
	return j
}

// consumer is a Consume that runs.
type consumer struct {
	kill func()
	stop context.CancelFunc
	done chan struct{}
	err  error
}

// start starts a consumer whose runs are noted.
func (b *bench) start(o Options, h queue.Handler) *consumer {
	if o.Concurrency == 0 {
		o.Concurrency = 4
	}
	if len(o.Kinds) == 0 {
		o.Kinds = []string{mail, hook}
	}
	q, kill := b.Consumer(o)
	ctx, stop := context.WithCancel(context.WithoutCancel(b.Context))
	c := &consumer{kill: kill, stop: stop, done: make(chan struct{})}
	b.consumers = append(b.consumers, c)
	go func() {
		defer close(c.done)
		c.err = q.Consume(ctx, b.noting(h))
	}()
	return c
}

// noting notes the runs of h.
func (b *bench) noting(h queue.Handler) queue.Handler {
	return func(ctx context.Context, j domain.Job) error {
		b.mu.Lock()
		i := len(b.runs)
		kept := j
		kept.Payload = slices.Clone(j.Payload)
		b.runs = append(b.runs, run{job: kept, begin: b.h.Now()})
		b.mu.Unlock()
		defer func() {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.runs[i].end = b.h.Now()
		}()
		return h(ctx, j)
	}
}

// end stops a consumer and waits for it.
func (b *bench) end(c *consumer) {
	c.stop()
	select {
	case <-c.done:
		if c.err != nil {
			b.errorf("Consume: got error %q, want none after its context ended", c.err)
		}
	case <-b.Done():
		b.fatalf("Consume did not return after its context ended and its handlers were done")
	}
}

// stopAll ends what a check left running.
func (b *bench) stopAll() {
	close(b.let)
	for _, c := range b.consumers {
		c.stop()
	}
	late := time.NewTimer(patience)
	defer late.Stop()
	for _, c := range b.consumers {
		select {
		case <-c.done:
		case <-late.C:
			b.errorf("Consume did not return at the end of the check")
			return
		}
	}
}

// pause lets n units go by.
func (b *bench) pause(n float64) {
	t := time.NewTimer(b.units(n))
	defer t.Stop()
	select {
	case <-t.C:
	case <-b.Done():
	}
}

// eventually waits until ok.
func (b *bench) eventually(what string, ok func() bool) {
	for !ok() {
		if b.Err() != nil {
			b.fatalf("%s did not happen", what)
		}
		b.pause(0.1)
	}
}

// runsOf are the runs of a job so far.
func (b *bench) runsOf(id domain.JobID) []run {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []run
	for _, r := range b.runs {
		if r.job.ID == id {
			out = append(out, r)
		}
	}
	return out
}

// ran waits until a job has run n times, to the end.
func (b *bench) ran(id domain.JobID, n int) []run {
	var rs []run
	b.eventually(fmt.Sprintf("run %d of %s", n, id), func() bool {
		rs = b.runsOf(id)
		return len(rs) >= n && !rs[n-1].end.IsZero()
	})
	return rs
}

// begun waits until a job has begun to run n times.
func (b *bench) begun(id domain.JobID, n int) {
	b.eventually(fmt.Sprintf("the begin of run %d of %s", n, id), func() bool { return len(b.runsOf(id)) >= n })
}

// exactly notes a finding unless a job has run n times by now.
func (b *bench) exactly(when string, id domain.JobID, n int) {
	if got := len(b.runsOf(id)); got != n {
		b.errorf("%s: runs of %s: got %d, want %d", when, id, got, n)
	}
}

// dead are the dead letters of an organization.
func (b *bench) dead(org domain.OrganizationID) []domain.Job {
	js, err := b.List(b, org, domain.JobPage{Limit: 100})
	b.must(err, "list of dead letters")
	return js
}

// died waits until a job is among the dead letters.
func (b *bench) died(id domain.JobID) domain.Job {
	var out domain.Job
	b.eventually("the death of "+string(id), func() bool {
		js := b.dead(ours)
		i := slices.IndexFunc(js, func(j domain.Job) bool { return j.ID == id })
		if i >= 0 {
			out = js[i]
		}
		return i >= 0
	})
	return out
}

// until waits in a handler for the check to go on, or to be over.
func (b *bench) until(c <-chan struct{}) {
	select {
	case <-c:
	case <-b.let:
	}
}

// block is a handler that runs until the check lets it end.
func (b *bench) block(context.Context, domain.Job) error {
	<-b.let
	return nil
}

var errWork = errors.New("the work failed")

func fail(context.Context, domain.Job) error    { return errWork }
func succeed(context.Context, domain.Job) error { return nil }
