package bunstore_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/crierhq/crier/adapters/bunstore"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
)

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cases := map[string]struct {
		cfg  bunstore.Config
		want string
	}{
		"nothing":            {bunstore.Config{}, "needs a URL"},
		"negative limit":     {bunstore.Config{URL: "x", MaxConns: -1}, "not negative"},
		"another database":   {bunstore.Config{URL: "mysql://u:hush@h/db"}, `cannot start with "mysql://"`},
		"a broken URL":       {bunstore.Config{URL: "postgres://u:hush@h:port/db"}, "PostgreSQL URL cannot be read"},
		"a folder":           {bunstore.Config{URL: dir}, "cannot be opened for writing"},
		"a missing folder":   {bunstore.Config{URL: "sqlite://" + dir + "/none/crier.db"}, "cannot be opened for writing"},
		"a broken path":      {bunstore.Config{URL: "sqlite:///%zz"}, "not escaped well"},
		"an absent database": {bunstore.Config{URL: "postgres://u:hush@" + closedPort(t) + "/db?sslmode=disable"}, "cannot be reached"},
		"not a database":     {bunstore.Config{URL: textFile(t)}, "not a database"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := bunstore.Open(t.Context(), c.cfg)
			if err == nil {
				_ = s.Close()
				t.Fatal("got no error, want one")
			}
			if !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "hush") {
				t.Errorf("got %q, want it to say %q and no password", err, c.want)
			}
		})
	}
}

func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

func textFile(t *testing.T) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "notes.txt")
	if err := os.WriteFile(name, []byte(strings.Repeat("this is no database\n", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestOpenSQLiteFile(t *testing.T) {
	t.Parallel()
	// A name that a careless URL would cut or decode.
	name := filepath.Join(t.TempDir(), "my ?data#%41 ü.db")
	s := openSQLite(t, name)
	if err := s.Secrets().Set(t.Context(), "k", "v"); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(name)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("database file: got %v and %v, want mode 0600", info, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	again := openSQLite(t, name)
	if got, err := again.Secrets().Get(t.Context(), "k"); got != "v" || err != nil {
		t.Errorf("secret after reopening: got %q and error %v, want v", got, err)
	}
	if err := again.Ping(t.Context()); err != nil {
		t.Errorf("Ping: %v", err)
	}
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
	if err := again.Ping(t.Context()); err == nil {
		t.Error("Ping of a closed store: got no error, want one")
	}
}

// configs opens an empty database of each kind.
var configs = map[string]func(t *testing.T) bunstore.Config{
	"sqlite": func(t *testing.T) bunstore.Config {
		return bunstore.Config{URL: "sqlite://" + filepath.Join(t.TempDir(), "crier.db")}
	},
	"postgres": func(t *testing.T) bunstore.Config { return bunstore.Config{URL: schema(t), MaxConns: 4} },
}

func TestMigrate(t *testing.T) {
	t.Parallel()
	for name, config := range configs {
		t.Run(name+"/twice", func(t *testing.T) {
			t.Parallel()
			s := migrated(t, config(t))
			if err := s.Migrate(t.Context()); err != nil {
				t.Errorf("second Migrate: %v", err)
			}
		})
		t.Run(name+"/four at once", func(t *testing.T) {
			t.Parallel()
			cfg := config(t)
			var wg sync.WaitGroup
			for range 4 {
				s := opened(t, cfg)
				wg.Go(func() {
					if err := s.Migrate(t.Context()); err != nil {
						t.Errorf("concurrent Migrate: %v", err)
					}
					if n, err := s.Users().Count(t.Context()); n != 0 || err != nil {
						t.Errorf("count after Migrate: got %d and %v, want 0", n, err)
					}
				})
			}
			wg.Wait()
		})
	}
}

func TestMigrateRefusesNewerVersion(t *testing.T) {
	t.Parallel()
	for name, open := range hosts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := open(t)
			if _, err := h.ExecContext(t.Context(), "INSERT INTO crier_migrations (version_id, is_applied) VALUES (700, true)"); err != nil {
				t.Fatal(err)
			}
			err := h.store.Migrate(t.Context())
			v, ok := errors.AsType[*bunstore.VersionError](err)
			if !ok || v.Have != 700 || v.Know < 1 {
				t.Fatalf("got %v, want a VersionError for version 700", err)
			}
			if want := "made by a newer Crier (version 700; this one knows "; !strings.Contains(err.Error(), want) {
				t.Errorf("got %q, want it to say %q", err, want)
			}
		})
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	if _, err := bunstore.New(nil, bunstore.SQLite); err == nil {
		t.Error("New without a pool: got no error, want one")
	}
	h := hosts["sqlite"](t)
	if _, err := bunstore.New(h.DB, "oracle"); err == nil {
		t.Error("New with an unknown dialect: got no error, want one")
	}
	if err := h.store.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if err := h.PingContext(t.Context()); err != nil {
		t.Errorf("the host's pool after Close of the store: got %v, want it open", err)
	}
}

// A store that lost its database says so in a way that callers can act on.
func TestUnavailable(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := openSQLite(t, filepath.Join(dir, "crier.db"))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Posts().Get(ctx, "org", "p"); !errors.Is(err, context.Canceled) {
		t.Errorf("get with a canceled context: got %v, want context.Canceled", err)
	}
	_, err := bunstore.Open(t.Context(), bunstore.Config{URL: filepath.Join(dir, "none", "x.db")})
	if fault.KindOf(err) != fault.Unavailable || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("open in a missing folder: got %v, want a fault of kind unavailable that wraps fs.ErrNotExist", err)
	}
}

// Claims and wakes must not read the deliveries that wait for their time, nor
// the lanes that have nothing to do yet.
func TestPlansUseIndexes(t *testing.T) {
	t.Parallel()
	const first = "SELECT (SELECT d.id FROM crier_deliveries AS d WHERE d.channel_id = l.channel_id AND "
	const of = " LIMIT 1) FROM crier_lanes AS l WHERE l.channel_id IN ('c1', 'c2')"
	cases := map[string]struct {
		query   string
		indexes []string
	}{
		"the turns": {"SELECT l.channel_id, row_number() OVER (PARTITION BY l.organization_id ORDER BY l.claimable_at, l.channel_id)" +
			" FROM crier_lanes AS l WHERE l.claimable_at <= 5", []string{"crier_lanes_claimable"}},
		"the next wake": {"SELECT min(claimable_at) FROM crier_lanes", []string{"crier_lanes_claimable"}},
		"what lanes have to do": {
			"SELECT * FROM crier_deliveries WHERE id IN (" +
				first + "d.leads AND d.wake_at IS NOT NULL ORDER BY d.due_at, d.id" + of + " UNION " +
				first + "NOT d.leads AND d.wake_at IS NOT NULL ORDER BY d.wake_at, d.id" + of + " UNION " +
				first + "d.lease_owner <> '' ORDER BY d.lease_until DESC" + of + ")",
			[]string{"crier_deliveries_heads", "crier_deliveries_others", "crier_deliveries_held"},
		},
	}
	for name, open := range hosts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := open(t)
			h.fillLanes(t)
			explain := "EXPLAIN "
			if name == "sqlite" {
				explain = "EXPLAIN QUERY PLAN "
			}
			for what, c := range cases {
				plan := h.plan(t, explain+c.query)
				for _, index := range c.indexes {
					if !strings.Contains(plan, index) {
						t.Errorf("plan of %s: got\n%s\nwant it to use %s", what, plan, index)
					}
				}
				for _, bad := range []string{"Seq Scan on crier_deliveries", "SCAN crier_deliveries", "SCAN d ", "Seq Scan on crier_lanes"} {
					if strings.Contains(plan+" ", bad) {
						t.Errorf("plan of %s: got\n%s\nwant no %q", what, plan, bad)
					}
				}
			}
		})
	}
}

// fillLanes stores some deliveries of many channels, all to come.
func (h host) fillLanes(t *testing.T) {
	t.Helper()
	var ds []domain.Delivery
	for i := range 4000 {
		ds = append(ds, domain.Delivery{
			ID: domain.DeliveryID(fmt.Sprint("d", i)), Organization: "org", Channel: domain.ChannelID(fmt.Sprint("c", i%2000)),
			State: domain.DeliveryScheduled, WakeAt: post("").CreatedAt.AddDate(100, 0, i), Version: 1,
		})
	}
	if err := h.store.Deliveries().Insert(t.Context(), "org", ds...); err != nil {
		t.Fatal(err)
	}
	if _, err := h.ExecContext(t.Context(), "ANALYZE"); err != nil {
		t.Fatal(err)
	}
}

func (h host) plan(t *testing.T, query string) string {
	t.Helper()
	rows, err := h.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	cols, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for rows.Next() {
		vals := make([]any, len(cols))
		for i := range vals {
			vals[i] = new(string)
		}
		if err := rows.Scan(vals...); err != nil {
			t.Fatal(err)
		}
		out.WriteString(*vals[len(vals)-1].(*string) + "\n")
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}
