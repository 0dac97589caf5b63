package redisqueue_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"github.com/crierhq/crier/adapters/redisqueue"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/queue"
	"github.com/crierhq/crier/testkit/queuetest"
)

// noDirect refuses every claim that is not a hand-over, so that only Redis can
// bring a job to a worker.
type noDirect struct {
	queue.Rows
	refused atomic.Int64
}

var errDirect = errors.New("this job was not brought by Redis")

func (r *noDirect) Claim(ctx context.Context, c domain.JobClaim) ([]domain.Job, error) {
	if !c.HandOver {
		r.refused.Add(1)
		return nil, errDirect
	}
	return r.Rows.Claim(ctx, c)
}

func settings() queuetest.Settings {
	return queuetest.Settings{
		Lease: 2 * time.Second, Poll: 50 * time.Millisecond, Grace: 5 * time.Second,
		Policy: queue.Policy{Backoff: 50 * time.Millisecond, Jitter: -1},
	}
}

// work notes how often each job ran.
type work struct {
	mu   sync.Mutex
	runs map[domain.JobID]int
	busy map[domain.JobID]bool
	both []domain.JobID
	take time.Duration
}

func newWork(take time.Duration) *work {
	return &work{runs: map[domain.JobID]int{}, busy: map[domain.JobID]bool{}, take: take}
}

func (w *work) do(ctx context.Context, j domain.Job) error {
	w.mu.Lock()
	if w.busy[j.ID] {
		w.both = append(w.both, j.ID)
	}
	w.busy[j.ID] = true
	w.mu.Unlock()
	select {
	case <-time.After(w.take):
	case <-ctx.Done():
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.busy[j.ID] = false
	w.runs[j.ID]++
	return nil
}

func (w *work) done() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.runs)
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(30 * time.Second)
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("%s did not happen", what)
		}
	}
}

// consume runs a consumer until the test ends, or stop.
func consume(t *testing.T, c queue.Consumer, h queue.Handler) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- c.Consume(ctx, h) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Consume: %v", err)
		}
	})
	t.Cleanup(stop)
	return stop
}

func enqueue(t *testing.T, q queue.Enqueuer, from, to int) {
	t.Helper()
	for i := from; i < to; i++ {
		err := q.Enqueue(t.Context(), domain.Job{ID: domain.JobID(fmt.Sprintf("job-%04d", i)), Organization: "org", Kind: mail})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestRedisCarries shows that jobs come through Redis, that a process which
// only enqueues wakes one that does not look at the rows, and that a backlog
// stays in the rows.
func TestRedisCarries(t *testing.T) {
	t.Parallel()
	url := redisURL(t)
	s := settings()
	s.Poll = time.Hour
	in := install(t, url, s)
	t.Cleanup(func() { in.clear(t) })
	rows := &noDirect{Rows: in.rows}
	sender := in.open(t, client(t, url), rows, queuetest.Options{Concurrency: 2}) // a window of 8
	relayed := make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { relayed <- sender.Relay(ctx) }()

	enqueue(t, sender, 0, 40)
	inspector := asynq.NewInspectorFromRedisClient(client(t, url))
	size := func() int {
		info, err := inspector.GetQueueInfo(in.name + ":" + mail)
		if err != nil {
			return 0
		}
		return info.Size
	}
	eventually(t, "the hand-over", func() bool { return size() > 0 })
	<-time.After(200 * time.Millisecond)
	if n := size(); n != 8 {
		t.Errorf("messages in Redis without a consumer: got %d, want the window of 8", n)
	}
	w := newWork(time.Millisecond)
	receiver := in.open(t, client(t, url), rows, queuetest.Options{Concurrency: 2})
	stop := consume(t, receiver, w.do)
	eventually(t, "the run of all jobs", func() bool { return w.done() == 40 })
	stop()
	cancel()
	if err := <-relayed; err != nil {
		t.Errorf("Relay: %v", err)
	}
	if n := rows.refused.Load(); n != 0 {
		t.Errorf("claims past Redis: got %d, want none", n)
	}
	for id, n := range w.runs {
		if n != 1 {
			t.Errorf("runs of %s: got %d, want 1", id, n)
		}
	}
}

// TestOldMessagesDoNothing replays what Redis may deliver again.
func TestOldMessagesDoNothing(t *testing.T) {
	t.Parallel()
	url := redisURL(t)
	in := install(t, url, settings())
	t.Cleanup(func() { in.clear(t) })
	w := newWork(0)
	q := in.open(t, client(t, url), in.rows, queuetest.Options{})
	enqueue(t, q, 0, 1)
	late := domain.Job{ID: "job-late", Organization: "org", Kind: mail, RunAt: time.Now().Add(time.Hour)}
	if err := q.Enqueue(t.Context(), late); err != nil {
		t.Fatal(err)
	}
	stop := consume(t, q, w.do)
	eventually(t, "the run of the job", func() bool { return w.done() == 1 })
	push := asynq.NewClientFromRedisClient(client(t, url))
	for i, payload := range []string{
		`{"org":"org","job":"job-0000","token":1}`, `{"org":"org","job":"job-late","token":7}`,
		`{"org":"other","job":"job-late","token":0}`, `{"org":"org","job":"none","token":0}`, `no JSON`,
	} {
		if _, err := push.Enqueue(asynq.NewTask(mail, []byte(payload)), asynq.Queue(in.name+":"+mail), asynq.TaskID(fmt.Sprint(i))); err != nil {
			t.Fatal(err)
		}
	}
	inspector := asynq.NewInspectorFromRedisClient(client(t, url))
	eventually(t, "the end of all messages", func() bool {
		info, err := inspector.GetQueueInfo(in.name + ":" + mail)
		return err == nil && info.Size == 0
	})
	stop()
	if len(w.runs) != 1 || w.runs["job-0000"] != 1 {
		t.Errorf("runs: got %v, want one of job-0000", w.runs)
	}
}

// server is a Redis of this test alone.
type server struct {
	bin, port string
	cmd       *exec.Cmd
}

func newServer(t *testing.T) *server {
	t.Helper()
	bin, err := exec.LookPath("redis-server")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("redis-server is not installed, and CI must not leave the outage of Redis out")
		}
		t.Skip("NOT TESTED WITH AN OUTAGE OF REDIS: redis-server is not installed")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	s := &server{bin: bin, port: port}
	t.Cleanup(s.kill)
	s.start(t)
	return s
}

func (s *server) url() string { return "redis://127.0.0.1:" + s.port + "/0" }

func (s *server) start(t *testing.T) {
	t.Helper()
	s.cmd = exec.Command(s.bin, "--port", s.port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", t.TempDir())
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c := redis.NewClient(&redis.Options{Addr: "127.0.0.1:" + s.port, DialerRetries: 1})
	defer func() { _ = c.Close() }()
	eventually(t, "the start of Redis", func() bool { return c.Ping(t.Context()).Err() == nil })
}

func (s *server) kill() {
	if s.cmd != nil {
		_ = s.cmd.Process.Kill()
		_ = s.cmd.Wait()
		s.cmd = nil
	}
}

// TestRedisIsKilledAndComesBack takes Redis away, with all that is in it, while
// jobs are under way, and gives an empty one back.
func TestRedisIsKilledAndComesBack(t *testing.T) {
	t.Parallel()
	redis := newServer(t)
	in := install(t, redis.url(), settings())
	w := newWork(10 * time.Millisecond)
	var carried [2]*counting
	for i := range carried {
		carried[i] = &counting{Rows: in.rows}
		consume(t, in.open(t, client(t, redis.url()), carried[i], queuetest.Options{Concurrency: 3}), w.do)
	}
	q := in.open(t, client(t, redis.url()), in.rows, queuetest.Options{})
	over := func(what string) int64 { return carried[0].n(what) + carried[1].n(what) }

	enqueue(t, q, 0, 200)
	eventually(t, "some work", func() bool { return w.done() >= 20 })
	if over("carried") == 0 || over("direct") != 0 {
		t.Errorf("before the outage: got %d jobs through Redis and %d past it, want all through it", over("carried"), over("direct"))
	}
	redis.kill()
	enqueue(t, q, 200, 260)
	eventually(t, "the work without Redis", func() bool { return w.done() == 260 })
	if over("direct") == 0 {
		t.Error("no job was claimed past Redis while that was away")
	}
	redis.start(t)
	before := over("carried")
	enqueued := 260
	eventually(t, "work through the new Redis", func() bool {
		enqueue(t, q, enqueued, enqueued+1)
		enqueued++
		return over("carried") > before
	})
	eventually(t, "all work", func() bool { return w.done() == enqueued })
	for id, n := range w.runs {
		if n != 1 {
			t.Errorf("runs of %s: got %d, want 1: no worker died", id, n)
		}
	}
	if len(w.both) != 0 {
		t.Errorf("jobs that ran twice at once: %v", w.both)
	}
}

// TestAHangingRedis never answers: jobs must go on.
func TestAHangingRedis(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0") // it takes connections in and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	in := install(t, "", settings())
	c := redis.NewClient(&redis.Options{
		Addr: l.Addr().String(), DialTimeout: 200 * time.Millisecond, ReadTimeout: 200 * time.Millisecond, MaxRetries: -1, DialerRetries: 1,
	})
	t.Cleanup(func() { _ = c.Close() })
	w := newWork(0)
	q := in.open(t, c, in.rows, queuetest.Options{})
	stop := consume(t, q, w.do)
	enqueue(t, q, 0, 20)
	eventually(t, "the work", func() bool { return w.done() == 20 })
	stop()
}

// counting counts the jobs that were claimed for Redis and past it.
type counting struct {
	queue.Rows
	carried, direct atomic.Int64
}

func (r *counting) n(what string) int64 {
	if what == "carried" {
		return r.carried.Load()
	}
	return r.direct.Load()
}

func (r *counting) Claim(ctx context.Context, c domain.JobClaim) ([]domain.Job, error) {
	js, err := r.Rows.Claim(ctx, c)
	if c.HandOver {
		r.carried.Add(int64(len(js)))
	} else {
		r.direct.Add(int64(len(js)))
	}
	return js, err
}

func TestNewSaysAllThatIsWrong(t *testing.T) {
	t.Parallel()
	_, err := redisqueue.New(redisqueue.Config{Carry: -1}, queue.Config{})
	for _, want := range []string{"a Client", "cannot be negative", "kinds", "needs Rows", "needs Owner"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v, want %q in it", err, want)
		}
	}
}
