package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/crierhq/crier/apps/internal/freeport"
	"github.com/crierhq/crier/core/domain"
)

// options say what one trial is made of.
type options struct {
	// dsn is the PostgreSQL to use; empty: a file of SQLite.
	dsn string
	// plain takes the platforms that know no key and not one that does.
	plain                    bool
	posts, channels, workers int
	seed                     uint64
	// chaos is for how long things are killed, and patience how long after that
	// everything may take to come to an end.
	chaos, patience time.Duration
	bin             binaries
	// dir is an empty folder.
	dir string
	// lies makes the platform accept some requests twice.
	lies bool
	say  func(format string, args ...any)
}

func (o options) name() string {
	return map[bool]string{true: "SQLite", false: "PostgreSQL"}[o.dsn == ""] + ", " +
		map[bool]string{true: "platforms without deduplication", false: "Mastodon"}[o.plain]
}

// result is what came of a trial.
type result struct {
	// findings are the promises that were broken.
	findings []string
	states   map[domain.DeliveryState]int
	tally    map[mischief]int
	chaos    *chaos
	accepted int
	requests int
	// unsure counts the bookings whose answer was lost, and absent those of them
	// that came to nothing.
	unsure, absent int
	// worked is how long it took from the first due time until nothing moved.
	booked, worked time.Duration
}

// trial is one run of the kill test.
type trial struct {
	options
	platform *platform
	db       database
	client   *client
	server   *program
	workers  []*program
	redis    *program // nil: there is none on this machine
	redisURL string
	channels []string
	posts    []booked
}

// lease is for how long a claim is good unless it is renewed.
const lease = 5 * time.Second

// settings make the programs wait for seconds where they wait for minutes
// else: what a dead process leaves behind is looked into sooner.
var settings = []string{
	"BIND_ADDRESS=127.0.0.1", "ALLOW_PRIVATE_NETWORKS=127.0.0.0/8", "LOG_LEVEL=info",
	"POLL_INTERVAL=200ms", "LEASE=" + lease.String(), "PUBLISH_TIMEOUT=2s", "PUBLISH_BACKOFF=200ms", "PUBLISH_GAP=500ms",
	"WORKER_CONCURRENCY=16", "SHUTDOWN_TIMEOUT=3s", "REGISTRATION=open",
	"RATE_LIMIT_ADDRESS=0", "RATE_LIMIT_SIGN_IN=0", "RATE_LIMIT_USER=0", "RATE_LIMIT_KEY=0", "RATE_LIMIT_COSTLY=0", "RATE_LIMIT_ORGANIZATION=0",
}

// run makes the trial. The error says why it could not be made.
func run(ctx context.Context, o options) (res result, err error) {
	t := &trial{options: o, platform: newPlatform(o.seed)}
	t.platform.lies = o.lies
	defer t.platform.close()
	if t.db, err = t.open(ctx); err != nil {
		return res, err
	}
	defer func() { err = errors.Join(err, t.db.drop(context.WithoutCancel(ctx))) }()
	defer t.end()
	if err := t.startRedis(ctx); err != nil {
		return res, err
	}
	begin := time.Now()
	if err := t.book(ctx); err != nil {
		return res, err
	}
	res.booked = time.Since(begin)
	o.say("%s: booked %d posts on %d channels in %s, and %d more follow", o.name(), t.calm(), len(t.channels),
		res.booked.Round(time.Millisecond), len(t.posts)-t.calm())
	begin = time.Now()
	if res.chaos, err = t.torment(ctx); err != nil {
		return res, err
	}
	o.say("%s: %d kills, %d orderly stops, %d freezes, %d connections ended; waiting for what is left",
		o.name(), res.chaos.kills, res.chaos.stops, res.chaos.freezes, res.chaos.ended)
	if err := t.settle(ctx); err != nil {
		return res, err
	}
	res.worked = time.Since(begin)
	err = t.conclude(ctx, &res)
	return res, err
}

func (t *trial) open(ctx context.Context) (database, error) {
	if t.dsn == "" {
		return sqlite{filepath.Join(t.dir, "data")}, nil
	}
	return newPostgres(ctx, t.dsn, fmt.Sprintf("kill_%d_%d", os.Getpid(), time.Now().UnixNano()))
}

// startRedis starts a Redis for the programs, where the machine has one.
func (t *trial) startRedis(ctx context.Context) error {
	path, err := exec.LookPath("redis-server")
	if err != nil {
		t.say("%s: there is no redis-server on this machine, so it is left out", t.name())
		return nil //nolint:nilerr // the programs work without it
	}
	port, err := freeport.Find(ctx)
	if err != nil {
		return err
	}
	t.redis = &program{name: "redis", binary: path, log: filepath.Join(t.dir, "redis.log"), args: []string{
		"--port", strconv.Itoa(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", t.dir,
	}}
	t.redisURL = fmt.Sprintf("redis://127.0.0.1:%d/0", port)
	return t.redis.start()
}

// calm is how many posts are booked before anything is killed. Where nothing is,
// it is all of them.
func (t *trial) calm() int {
	if t.chaos == 0 {
		return t.options.posts
	}
	return t.options.posts * 2 / 3
}

// book starts a server that publishes nothing, and books the first of the posts
// with it.
func (t *trial) book(ctx context.Context) error {
	port, err := freeport.Find(ctx)
	if err != nil {
		return err
	}
	url := "http://127.0.0.1:" + strconv.Itoa(port)
	t.server = t.program("server", t.bin.server, "PORT="+strconv.Itoa(port), "PUBLIC_URL="+url, "WORKER=false")
	t.client = newClient(url)
	if err := t.server.start(); err != nil {
		return err
	}
	if err := errors.Join(t.client.awaitAnswer(ctx), t.client.register(ctx)); err != nil {
		return fmt.Errorf("%w\n%s", err, t.server.tail())
	}
	t.channels = make([]string, t.options.channels)
	if err := each(len(t.channels), func(i int) (err error) {
		t.channels[i], err = t.connect(ctx, i)
		return err
	}); err != nil {
		return err
	}
	t.posts = make([]booked, t.options.posts)
	return t.bookAll(ctx, 0, t.calm(), soon())
}

func (t *trial) program(name, binary string, env ...string) *program {
	env = append(slices.Clone(settings), env...)
	return &program{
		name: name, binary: binary, log: filepath.Join(t.dir, name+".log"),
		env: append(env, "DATA_DIR="+filepath.Join(t.dir, "data"), "DATABASE_URL="+t.db.url(), "REDIS_URL="+t.redisURL),
	}
}

func (t *trial) connect(ctx context.Context, account int) (string, error) {
	server := t.platform.host(account)
	if t.plain {
		return t.client.connectForm(ctx, []string{"killtest-blind", "killtest-findable"}[account%2], server, account)
	}
	return t.client.connectPage(ctx, "mastodon", server, account)
}

// torment starts the workers and kills them and the server, again and again,
// while the rest of the posts is booked. On SQLite there is one process for
// everything.
func (t *trial) torment(ctx context.Context) (*chaos, error) {
	if t.dsn == "" {
		if err := t.server.end(syscall.SIGTERM); err != nil {
			return nil, err
		}
		t.server.env = append(t.server.env, "WORKER=true")
		t.workers = []*program{t.server}
	} else {
		for i := range t.options.workers {
			t.workers = append(t.workers, t.program("worker-"+strconv.Itoa(i+1), t.bin.worker, "PORT=0", "PUBLIC_URL="+t.client.base))
		}
	}
	for _, p := range t.workers {
		if err := p.start(); err != nil {
			return nil, err
		}
	}
	c := newChaos(t.seed)
	limited, cancel := context.WithTimeout(ctx, t.chaos)
	defer cancel()
	victims := t.workers
	if t.dsn != "" {
		victims = append(slices.Clone(victims), t.server)
	}
	strikes := make(chan struct{}, 1)
	t.server.eve = func() {
		select {
		case strikes <- struct{}{}:
		default:
		}
	}
	var booking sync.WaitGroup
	var unbooked error
	booking.Go(func() { unbooked = t.bookAmid(ctx, limited, strikes) })
	err := c.run(limited, victims, t.redis, t.db)
	booking.Wait()
	return c, errors.Join(err, unbooked, ctx.Err())
}

// settle waits until nothing moves any more, or patience ends; what moves then
// is for the judge.
func (t *trial) settle(ctx context.Context) error {
	if err := t.client.awaitAnswer(ctx); err != nil {
		return err
	}
	for deadline := time.Now().Add(t.patience); time.Now().Before(deadline); {
		state, err := t.client.still(ctx)
		if err == nil && state == "" {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(300 * time.Millisecond):
		}
	}
	return nil
}

// conclude reads what became of everything, and judges it.
func (t *trial) conclude(ctx context.Context, res *result) error {
	if err := t.account(ctx, res); err != nil {
		return err
	}
	said := make([]record, len(t.posts))
	if err := each(len(said), func(i int) (err error) {
		said[i], err = t.client.get(ctx, t.posts[i].id)
		return err
	}); err != nil {
		return err
	}
	if err := t.keep(said); err != nil {
		return err
	}
	for _, p := range append(t.workers, t.server) {
		if err := t.stop(p); err != nil {
			res.findings = append(res.findings, err.Error())
		}
	}
	t.platform.close()
	if err := t.db.check(ctx); err != nil {
		res.findings = append(res.findings, err.Error())
	}
	l := t.platform.ledger()
	res.findings = append(res.findings, judge(t.posts, said, l)...)
	res.tally, res.accepted, res.states = l.tally, len(l.statuses), map[domain.DeliveryState]int{}
	for _, n := range l.requests {
		res.requests += n
	}
	for _, r := range said {
		for _, d := range r.Deliveries {
			res.states[d.State]++
		}
	}
	return nil
}

// account finds out what became of the bookings.
func (t *trial) account(ctx context.Context, res *result) error {
	there, err := t.client.inventory(ctx)
	if err != nil {
		return err
	}
	for _, b := range t.posts {
		if b.lost {
			res.unsure++
			res.absent += max(1-len(there[b.number]), 0)
		}
	}
	t.posts, res.findings = reconcile(t.posts, there)
	return nil
}

// keep writes down what Crier says, for whoever wants to know more.
func (t *trial) keep(said []record) error {
	raw, err := json.MarshalIndent(said, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(t.dir, "posts.json"), raw, 0o600)
}

// stop tells a program to stop, unless it was told already, and reads its log.
func (t *trial) stop(p *program) error {
	select {
	case <-p.exited:
		return p.alarmed()
	default:
		return errors.Join(p.end(syscall.SIGTERM), p.alarmed())
	}
}

// end leaves no process behind.
func (t *trial) end() {
	for _, p := range append(t.workers, t.server, t.redis) {
		if p != nil {
			p.discard()
		}
	}
}

// String is the summary for people.
func (r result) String() string {
	var b strings.Builder
	line := func(what, format string, args ...any) {
		fmt.Fprintf(&b, "  %-24s "+format+"\n", append([]any{what}, args...)...)
	}
	line("kill -9", "%d", r.chaos.kills)
	line("SIGTERM", "%d", r.chaos.stops)
	line("SIGSTOP … SIGCONT", "%d", r.chaos.freezes)
	line("connections ended", "%d", r.chaos.ended)
	line("kills of Redis", "%d", r.chaos.redis)
	line("bookings unanswered", "%d, of which %d came to nothing", r.unsure, r.absent)
	line("requests to publish", "%d", r.requests)
	for _, what := range slices.Sorted(maps.Keys(r.tally)) {
		line("- "+string(what), "%d", r.tally[what])
	}
	line("accepted posts", "%d", r.accepted)
	for _, s := range slices.Sorted(maps.Keys(r.states)) {
		line(string(s), "%d", r.states[s])
	}
	line("booked in", "%s", r.booked.Round(10*time.Millisecond))
	line("done after", "%s", r.worked.Round(10*time.Millisecond))
	line("broken promises", "%d", len(r.findings))
	for i, f := range r.findings {
		if i == 20 {
			line("", "… and %d more", len(r.findings)-i)
			break
		}
		line("", "%s", f)
	}
	return b.String()
}
