package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/crierhq/crier/adapters/aesseal"
	"github.com/crierhq/crier/adapters/bunstore"
	"github.com/crierhq/crier/adapters/memblob"
	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/social"
)

// answerTime is how long the stand-in platform takes for a publication.
const answerTime = 50 * time.Millisecond

// standIn is a platform that accepts everything and notes when it was called.
type standIn struct {
	takes time.Duration

	mu    sync.Mutex
	calls []time.Time
}

func (s *standIn) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.calls)
}

func (*standIn) Descriptor() social.Descriptor {
	return social.Descriptor{
		ID: "stand-in", Name: "Stand-in", DocsURL: "https://example.org", Markup: social.MarkupPlain,
		Limits: social.Limits{Text: social.TextLimit{Max: 500, Count: social.CountRunes}},
	}
}

func (*standIn) Validate(social.Item, social.Traits) []social.Problem { return nil }

func (*standIn) ConnectForm() social.Schema {
	return social.SchemaOf[struct {
		Account string `json:"account" required:"true"`
	}]()
}

func (*standIn) ConnectWith(ctx context.Context, v social.Values) (social.Connection, error) {
	if err := ctx.Err(); err != nil {
		return social.Connection{}, err
	}
	return social.Connection{Account: v["account"], Credential: social.Credential{Access: "token"}}, nil
}

func (s *standIn) Publish(ctx context.Context, _ social.Target, _ social.Item, _ social.Cursor) (social.Outcome, error) {
	s.mu.Lock()
	s.calls = append(s.calls, time.Now())
	id := strconv.Itoa(len(s.calls))
	s.mu.Unlock()
	select {
	case <-ctx.Done():
		return social.Outcome{}, ctx.Err()
	case <-time.After(s.takes):
		return social.Published(social.Ref{ID: id}), nil
	}
}

// publishing measures how late n deliveries on n channels go out that are due in
// the same second, with the engine of the server in this process.
func publishing(n int) func(context.Context, string, string, database) ([]row, error) {
	return func(ctx context.Context, _, dir string, db database) ([]row, error) {
		var rs []lag
		for range max(rounds*1000/n, 1) {
			data, url, drop, err := fresh(ctx, dir, db)
			if err != nil {
				return nil, err
			}
			r, err := publishOnce(ctx, data, url, n)
			drop()
			if err != nil {
				return nil, err
			}
			rs = append(rs, r)
		}
		return describe(rs, n, db), nil
	}
}

func describe(rs []lag, n int, db database) []row {
	of := func(get func(lag) time.Duration) time.Duration {
		all := make([]time.Duration, len(rs))
		for i, r := range rs {
			all[i] = get(r)
		}
		return median(all)
	}
	grown := make([]int, len(rs))
	for i, r := range rs {
		grown[i] = r.grown
	}
	text := func(get func(lag) time.Duration) string { return of(get).Round(time.Millisecond).String() }
	last := of(func(r lag) time.Duration { return r.last })
	started, all := "p99 ≤ 1 s", "≤ 2 s"
	if n > 1000 {
		started, all = "p99 ≤ 8 s", ""
	}
	return []row{
		{
			fmt.Sprintf("%s due at once, %[1]s channels: due → call started", grouped(n)), db.name,
			"p50 " + text(func(r lag) time.Duration { return r.p50 }) + ", p90 " + text(func(r lag) time.Duration { return r.p90 }) +
				", p99 " + text(func(r lag) time.Duration { return r.p99 }), started,
		},
		{"The same: all published after", db.name, fmt.Sprintf("%s (%.0f/s)", last.Round(time.Millisecond), float64(n)/last.Seconds()), all},
		{
			"The same: CPU of the engine, and of the stand-in", db.name,
			fmt.Sprintf("%.2f ms a post", ms(of(func(r lag) time.Duration { return r.cpu }))/float64(n)), "≤ 3 ms",
		},
		{"The same: the process grows by", db.name, mib(median(grown)), "flat"},
	}
}

// lag is how late deliveries went out, how long all took, and at what cost.
type lag struct {
	p50, p90, p99, last, cpu time.Duration
	grown                    int // bytes
}

func publishOnce(ctx context.Context, data, url string, n int) (lag, error) {
	if url == "" {
		url = filepath.Join(data, "bench.db")
	}
	st, err := bunstore.Open(ctx, bunstore.Config{URL: url})
	if err != nil {
		return lag{}, err
	}
	defer func() { _ = st.Close() }()
	if err := st.Migrate(ctx); err != nil {
		return lag{}, err
	}
	plat := &standIn{takes: answerTime}
	eng, err := engine(st, plat, 0)
	if err != nil {
		return lag{}, err
	}
	due, err := book(ctx, eng, n)
	if err != nil {
		return lag{}, err
	}
	runCtx, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- eng.Run(runCtx) }()
	time.Sleep(time.Until(due) - 500*time.Millisecond) //nolint:forbidigo // a measurement
	debug.FreeOSMemory()                               // what booking them took
	before, small := used(), resident()
	var big int
	err = allOut(ctx, url, func() bool {
		big = max(big, resident())
		return plat.count() >= n
	})
	out := lag{last: time.Since(due), cpu: used() - before, grown: big - small}
	stop()
	if err := errors.Join(err, <-ended); err != nil {
		return lag{}, err
	}
	if len(plat.calls) != n {
		return lag{}, fmt.Errorf("the platform was called %d times for %d posts", len(plat.calls), n)
	}
	slices.SortFunc(plat.calls, time.Time.Compare)
	at := func(percent int) time.Duration { return plat.calls[n*percent/100].Sub(due) }
	out.p50, out.p90, out.p99 = at(50), at(90), at(99)
	return out, nil
}

// engine makes an engine that works on so many deliveries at once; zero is its
// default.
func engine(st *bunstore.Store, p social.Provider, concurrency int) (*core.Engine, error) {
	blobs, err := memblob.New(time.Now)
	if err != nil {
		return nil, err
	}
	// One key for all, because workers in other processes open the credentials.
	sealer, err := aesseal.New(aesseal.Config{Keys: []aesseal.Key{{ID: "bench", Secret: make([]byte, aesseal.MinSecret)}}})
	if err != nil {
		return nil, err
	}
	return core.New(core.Config{
		Store: st, Blobs: blobs, Sealer: sealer, Providers: []social.Provider{p},
		Worker: core.WorkerConfig{Concurrency: concurrency},
	})
}

// book schedules n posts on n channels for the same moment.
func book(ctx context.Context, eng *core.Engine, n int) (time.Time, error) {
	org, err := eng.Accounts.CreateOrganization(ctx, "Bench", "")
	if err != nil {
		return time.Time{}, err
	}
	me := domain.System(org.ID)
	channels := make([]domain.ChannelID, n)
	begin := time.Now()
	err = load(8, n, func(i int) error {
		ch, err := eng.Channels.ConnectForm(ctx, me, "stand-in", map[string]string{"account": strconv.Itoa(i)})
		if err == nil {
			channels[i] = ch.ID
		}
		return err
	})
	if err != nil {
		return time.Time{}, err
	}
	// A post takes a few times as long as a channel.
	due := time.Now().Add(5*time.Second + 5*time.Since(begin)).Truncate(time.Millisecond)
	err = load(8, n, func(i int) error {
		_, err := eng.Posts.Create(ctx, me, core.PostInput{
			Items: []domain.Item{{Text: "Hello"}}, Targets: []domain.Target{{Channel: channels[i]}},
			When: core.At, Time: due.Format(time.RFC3339Nano),
		})
		return err
	})
	if err == nil && time.Until(due) < time.Second {
		err = errors.New("this machine is too slow to book the posts in time")
	}
	return due, err
}

// allOut waits until done, and then until no delivery is on its way any more.
func allOut(ctx context.Context, url string, done func() bool) error {
	driver := "pgx"
	if !strings.Contains(url, "://") {
		driver, url = "sqlite", "file:"+url+"?_pragma=query_only(1)"
	}
	db, err := sql.Open(driver, url)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	for deadline := time.Now().Add(5 * time.Minute); time.Now().Before(deadline); {
		time.Sleep(20 * time.Millisecond) //nolint:forbidigo // a measurement
		if !done() {
			continue
		}
		var left int
		err := db.QueryRowContext(ctx, "SELECT count(*) FROM crier_deliveries WHERE state <> 'published'").Scan(&left)
		if err != nil || left == 0 {
			return err
		}
	}
	return errors.New("the posts did not go out within five minutes")
}

// used is the CPU time of this process.
func used() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// freshSchema makes a schema of its own in the database at dsn.
func freshSchema(ctx context.Context, dsn string) (url string, drop func(), err error) {
	admin, err := sql.Open("pgx", dsn)
	if err != nil {
		return "", nil, err
	}
	name := "bench_" + strings.ToLower(rand.Text())
	if _, err := admin.ExecContext(ctx, "CREATE SCHEMA "+name); err != nil {
		return "", nil, errors.Join(err, admin.Close())
	}
	sep := "?"
	if strings.Contains(dsn, "?") {
		sep = "&"
	}
	return dsn + sep + "search_path=" + name, func() {
		_, _ = admin.ExecContext(context.WithoutCancel(ctx), "DROP SCHEMA "+name+" CASCADE")
		_ = admin.Close()
	}, nil
}
