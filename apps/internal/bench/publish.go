package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/crierhq/crier/adapters/bunstore"
	"github.com/crierhq/crier/adapters/memblob"
	"github.com/crierhq/crier/adapters/memseal"
	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/social"
)

// answerTime is how long the stand-in platform takes for a publication.
const answerTime = 50 * time.Millisecond

// standIn is a platform that accepts everything and notes when it was called.
type standIn struct {
	mu    sync.Mutex
	calls []time.Time
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
	case <-time.After(answerTime):
		return social.Published(social.Ref{ID: id}), nil
	}
}

// publishing measures how late 1,000 deliveries on 1,000 channels go out that
// are due in the same second, with the engine of the server in this process.
func publishing(ctx context.Context, _, dir string, db database) ([]row, error) {
	const n = 1000
	var p50, p99, last, cpu []time.Duration
	for range rounds {
		data, url, drop, err := fresh(ctx, dir, db)
		if err != nil {
			return nil, err
		}
		r, err := publishOnce(ctx, data, url, n)
		drop()
		if err != nil {
			return nil, err
		}
		p50, p99, last, cpu = append(p50, r.p50), append(p99, r.p99), append(last, r.last), append(cpu, r.cpu)
	}
	ms := func(d []time.Duration) string { return median(d).Round(time.Millisecond).String() }
	return []row{
		{"1,000 due at once, 1,000 channels: due → call started", db.name, "p50 " + ms(p50) + ", p99 " + ms(p99), "p99 ≤ 1 s"},
		{"The same: all published after", db.name, fmt.Sprintf("%s (%.0f/s)", ms(last), n/median(last).Seconds()), "≤ 2 s"},
		{"The same: CPU of the engine, and of the stand-in", db.name, fmt.Sprintf("%.2f ms a post", median(cpu).Seconds()*1000/n), "≤ 3 ms"},
	}, nil
}

type lag struct{ p50, p99, last, cpu time.Duration }

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
	plat := &standIn{}
	eng, err := engine(st, plat)
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
	time.Sleep(time.Until(due) - 200*time.Millisecond) //nolint:forbidigo // a measurement
	before := used()
	if err := allOut(ctx, st); err != nil {
		stop()
		return lag{}, errors.Join(err, <-ended)
	}
	out := lag{last: time.Since(due), cpu: used() - before}
	stop()
	if err := <-ended; err != nil {
		return lag{}, err
	}
	if len(plat.calls) != n {
		return lag{}, fmt.Errorf("the platform was called %d times for %d posts", len(plat.calls), n)
	}
	slices.SortFunc(plat.calls, time.Time.Compare)
	out.p50, out.p99 = plat.calls[n/2].Sub(due), plat.calls[n*99/100].Sub(due)
	return out, nil
}

func engine(st *bunstore.Store, p social.Provider) (*core.Engine, error) {
	blobs, err := memblob.New(time.Now)
	if err != nil {
		return nil, err
	}
	sealer, err := memseal.New()
	if err != nil {
		return nil, err
	}
	return core.New(core.Config{Store: st, Blobs: blobs, Sealer: sealer, Providers: []social.Provider{p}})
}

// book schedules n posts on n channels for the same moment.
func book(ctx context.Context, eng *core.Engine, n int) (time.Time, error) {
	org, err := eng.Accounts.CreateOrganization(ctx, "Bench", "")
	if err != nil {
		return time.Time{}, err
	}
	me := domain.System(org.ID)
	channels := make([]domain.ChannelID, n)
	for i := range channels {
		ch, err := eng.Channels.ConnectForm(ctx, me, "stand-in", map[string]string{"account": strconv.Itoa(i)})
		if err != nil {
			return time.Time{}, err
		}
		channels[i] = ch.ID
	}
	due := time.Now().Add(10 * time.Second).Truncate(time.Millisecond)
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

// allOut waits until nothing is scheduled or under way any more.
func allOut(ctx context.Context, st *bunstore.Store) error {
	deadline := time.Now().Add(2 * time.Minute)
	for time.Now().Before(deadline) {
		next, err := st.Deliveries().NextWake(ctx)
		if err != nil || next.IsZero() {
			return err
		}
		time.Sleep(20 * time.Millisecond) //nolint:forbidigo // a measurement
	}
	return errors.New("the posts did not go out within two minutes")
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
