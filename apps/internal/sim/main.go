// Command sim simulates the engine in worlds where everything goes wrong, and
// stops at the first promise that is broken. It prints the seed of that world
// and what happened in it; the same seed does the same again.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/crierhq/crier/adapters/bunstore"
	"github.com/crierhq/crier/ports/store"
	"github.com/crierhq/crier/testkit/simulation"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	seed := flag.Uint64("seed", 1, "the first seed")
	lives := flag.Int("n", 10_000, "how many posts to see through; 0: the world of one seed, with all that happens in it")
	folder := flag.String("sqlite", "", "a folder; the worlds are kept in SQLite files there, and not in memory, which is much quicker")
	flag.Parse()
	ok, err := simulate(ctx, os.Stdout, *seed, *lives, *folder)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	if !ok || err != nil {
		os.Exit(1)
	}
}

// simulate opens the stores, one for each processor, and runs.
func simulate(ctx context.Context, out io.Writer, seed uint64, lives int, folder string) (ok bool, err error) {
	stores := make([]store.Store, runtime.GOMAXPROCS(0)) // nil: in memory
	for i := range stores {
		if folder == "" {
			break
		}
		st, err := openSQLite(ctx, filepath.Join(folder, fmt.Sprintf("sim-%d.db", i+1)))
		if err != nil {
			return false, err
		}
		defer func() { err = errors.Join(err, st.Close()) }()
		stores[i] = st
	}
	return run(ctx, out, seed, lives, stores), nil
}

// openSQLite begins with an empty file: a world does not fit twice into one.
func openSQLite(ctx context.Context, path string) (*bunstore.Store, error) {
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s is there already; name an empty folder", path)
	}
	st, err := bunstore.Open(ctx, bunstore.Config{URL: path})
	if err != nil {
		return nil, err
	}
	if err := st.Migrate(ctx); err != nil {
		return nil, errors.Join(err, st.Close())
	}
	return st, nil
}

// run simulates the worlds from seed on, in each store at the same time, until
// there were as many posts as wanted. A store that is nil stands for one in
// memory. It reports whether every promise was kept.
func run(ctx context.Context, out io.Writer, seed uint64, lives int, stores []store.Store) bool {
	if lives <= 0 {
		o := in(stores[0])
		o.Trace = true
		r := simulation.Run(seed, o)
		_, _ = fmt.Fprint(out, r)
		return len(r.Violations) == 0
	}
	c := &campaign{lives: lives, begin: time.Now()}
	c.next.Store(seed)
	stop := c.progress(out)
	var wg sync.WaitGroup
	for _, st := range stores {
		wg.Go(func() { c.work(ctx, in(st)) })
	}
	wg.Wait()
	stop()
	return c.tell(out)
}

func in(st store.Store) (o simulation.Options) {
	if st != nil {
		o.Store = func() store.Store { return st }
	}
	return o
}

// campaign is many worlds, on all processors.
type campaign struct {
	lives int
	begin time.Time
	next  atomic.Uint64

	mu     sync.Mutex
	lived  int
	worlds int
	steps  int
	ends   map[string]int
	events map[string]int
	broken []simulation.Report
}

func (c *campaign) work(ctx context.Context, o simulation.Options) {
	for ctx.Err() == nil && c.more() {
		c.add(simulation.Run(c.next.Add(1)-1, o))
	}
}

func (c *campaign) more() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lived < c.lives && len(c.broken) == 0
}

func (c *campaign) add(r simulation.Report) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ends == nil {
		c.ends, c.events = map[string]int{}, map[string]int{}
	}
	c.lived += r.Lives
	c.worlds++
	c.steps += r.Steps
	for s, n := range r.Ends {
		c.ends[string(s)] += n
	}
	for s, n := range r.Happened {
		c.events[s] += n
	}
	if len(r.Violations) > 0 {
		c.broken = append(c.broken, r)
	}
}

// progress prints a line every few seconds until it is stopped.
func (c *campaign) progress(out io.Writer) (stop func()) {
	t := time.NewTicker(5 * time.Second)
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			select {
			case <-done:
				return
			case <-t.C:
				_, _ = fmt.Fprintln(out, c.line())
			}
		}
	})
	return func() { t.Stop(); close(done); wg.Wait() }
}

func (c *campaign) line() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	took := time.Since(c.begin)
	return fmt.Sprintf("%d of %d posts in %d worlds, %d steps, %s, %.0f posts a second",
		c.lived, c.lives, c.worlds, c.steps, took.Round(100*time.Millisecond), float64(c.lived)/took.Seconds())
}

// tell prints what the campaign came to.
func (c *campaign) tell(out io.Writer) bool {
	_, _ = fmt.Fprintln(out, c.line())
	_, _ = fmt.Fprintf(out, "deliveries: %s\ndone to it: %s\n", counts(c.ends), counts(c.events))
	if len(c.broken) == 0 {
		_, _ = fmt.Fprintln(out, "Every promise was kept.")
		return true
	}
	slices.SortFunc(c.broken, func(a, b simulation.Report) int { return cmp.Compare(a.Seed, b.Seed) })
	r := c.broken[0]
	_, _ = fmt.Fprint(out, r)
	_, _ = fmt.Fprintf(out, "A promise was broken. Run it again with: make sim SEED=%d N=0\n", r.Seed)
	return false
}

// counts lists names with their numbers, the most frequent first.
func counts(m map[string]int) string {
	names := make([]string, 0, len(m))
	for s := range m {
		names = append(names, s)
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(m[b], m[a]), strings.Compare(a, b))
	})
	s := ""
	for i, name := range names {
		if i > 0 {
			s += ", "
		}
		s += fmt.Sprintf("%s %d", name, m[name])
	}
	return s
}
