package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/crierhq/crier/adapters/bunstore"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/store"
)

const (
	// claimChannels is over how many channels the future deliveries are spread.
	claimChannels = 10_000
	// claimDue is how many deliveries are due among them.
	claimDue = 1000
	// claimLimit is how many one claim takes.
	claimLimit = 100
	// claimRounds is how often each size is measured, in turn with the others.
	claimRounds = 7
)

// filled is a database with a number of deliveries in the future.
type filled struct {
	size        int
	st          *bunstore.Store
	db          *sql.DB
	due         time.Time
	claim, next []time.Duration
}

// claiming measures a claim, and the look-up of the time of the next one, among
// each of sizes deliveries in the future.
func claiming(sizes []int) func(context.Context, string, string, database) ([]row, error) {
	return func(ctx context.Context, _, dir string, db database) ([]row, error) {
		var fs []*filled
		for _, n := range sizes {
			data, url, drop, err := fresh(ctx, dir, db)
			if err != nil {
				return nil, err
			}
			defer drop()
			f, err := fill(ctx, data, url, n)
			if err != nil {
				return nil, err
			}
			defer func() { _, _ = f.st.Close(), f.db.Close() }()
			fs = append(fs, f)
		}
		for range claimRounds {
			for _, f := range fs {
				if err := f.measure(ctx); err != nil {
					return nil, err
				}
			}
		}
		var rows []row
		base := median(fs[0].claim)
		for _, f := range fs {
			c := median(f.claim)
			rows = append(rows, row{
				fmt.Sprintf("A claim of %d out of %s due among %s in the future", claimLimit, grouped(claimDue), grouped(f.size)), db.name,
				fmt.Sprintf("%.1f ms (%.2f×), next wake %.2f ms", ms(c), float64(c)/float64(base), ms(median(f.next))), "≤ 1.3× that among 10,000",
			})
		}
		return rows, nil
	}
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// grouped writes n with commas.
func grouped(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// fill makes a database with n deliveries in the future and claimDue that are
// due, each of these on a channel of its own.
func fill(ctx context.Context, data, url string, n int) (_ *filled, err error) {
	begin := time.Now()
	driver, name := "pgx", url
	if url == "" {
		url = filepath.Join(data, "bench.db")
		driver, name = "sqlite", "file:"+url+"?_pragma=busy_timeout(10000)"
	}
	f := &filled{size: n, due: time.Now().Add(-time.Hour)}
	if f.st, err = bunstore.Open(ctx, bunstore.Config{URL: url}); err != nil {
		return nil, err
	}
	if err := f.st.Migrate(ctx); err != nil {
		return nil, errors.Join(err, f.st.Close())
	}
	if f.db, err = sql.Open(driver, name); err != nil {
		return nil, errors.Join(err, f.st.Close())
	}
	f.db.SetMaxOpenConns(1)
	if err := f.insert(ctx, driver); err != nil {
		return nil, errors.Join(err, f.db.Close(), f.st.Close())
	}
	fmt.Printf("%s deliveries made in %s\n", grouped(n), time.Since(begin).Round(time.Second))
	return f, nil
}

// insert has the database make the rows by itself. The indexes are made
// afterwards, which is several times as fast.
func (f *filled) insert(ctx context.Context, driver string) error {
	drop, again, err := indexes(ctx, f.db, driver)
	if err != nil {
		return err
	}
	future, past := time.Now().Add(365*24*time.Hour).UnixMicro(), f.due.UnixMicro()
	series := func(n int) string {
		if driver == "pgx" {
			return fmt.Sprintf("generate_series(0, %d) AS s(i)", n-1)
		}
		return fmt.Sprintf("(WITH RECURSIVE s(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM s WHERE i < %d) SELECT i FROM s)", n-1)
	}
	text := func(prefix, number string) string {
		return fmt.Sprintf("'%s' || substr(cast(1000000000 + %s AS text), 2)", prefix, number)
	}
	deliveries := func(prefix, at string, n int) string {
		channel := text("channel-", fmt.Sprintf("i %% %d", claimChannels))
		return "INSERT INTO crier_deliveries (id, organization_id, post_id, channel_id, provider, state, due_at, wake_at, leads," +
			" lease_owner, lease_until, lease_token, revision, parts, progress, open_attempt_id, attempts, tries, looks, bound, reason," +
			" created_at, updated_at, version) SELECT " + text(prefix, "i") + ", 'org-' || (i % 100), " + text("post-"+prefix, "i") + ", " + channel +
			", 'stand-in', 'scheduled', " + at + ", " + at + ", " + "true" + ", '', -62135596800000000, 0, 1, '[{}]', '', '', 0, 0, 0," +
			" -62135596800000000, '{}', 0, 0, 1 FROM " + series(n)
	}
	lanes := "INSERT INTO crier_lanes (channel_id, organization_id, provider, claimable_at, free_at) SELECT " + text("channel-", "i") +
		fmt.Sprintf(", 'org-' || (i %% 100), 'stand-in', CASE WHEN i < %d THEN %d ELSE %d END, -62135596800000000 FROM ", claimDue, past, future) + series(claimChannels)
	all := slices.Concat(drop, []string{
		deliveries("future-", fmt.Sprintf("%d + i", future), f.size), deliveries("due-", fmt.Sprint(past), claimDue), lanes,
	}, again)
	if driver == "pgx" {
		all = append(all, "VACUUM ANALYZE crier_deliveries", "VACUUM ANALYZE crier_lanes") // as autovacuum would
	}
	for _, q := range all {
		if _, err := f.db.ExecContext(ctx, q); err != nil {
			return fmt.Errorf("%.60s: %w", q, err)
		}
	}
	return nil
}

// indexes returns what drops the indexes of the deliveries, and what makes them
// again.
func indexes(ctx context.Context, db *sql.DB, driver string) (drop, again []string, err error) {
	q := "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'crier_deliveries' AND sql IS NOT NULL"
	if driver == "pgx" {
		q = "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema()" +
			" AND tablename = 'crier_deliveries' AND indexdef NOT LIKE '%_pkey %'"
	}
	rows, err := db.QueryContext(ctx, q)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var name, def string
		if err := rows.Scan(&name, &def); err != nil {
			return nil, nil, err
		}
		drop, again = append(drop, "DROP INDEX "+name), append(again, def)
	}
	return drop, again, rows.Err()
}

// measure claims all that is due, and makes it due again.
func (f *filled) measure(ctx context.Context) error {
	got := 0
	for got < claimDue {
		now := domain.Instant(time.Now())
		ds, err := f.st.Deliveries().Claim(ctx, store.Claim{Owner: "bench", Now: now, Until: now.Add(time.Hour), Limit: claimLimit})
		if err != nil {
			return err
		}
		f.claim = append(f.claim, time.Since(now))
		if len(ds) != claimLimit || !strings.HasPrefix(string(ds[0].ID), "due-") {
			return fmt.Errorf("a claim took %d deliveries", len(ds))
		}
		got += len(ds)
		begin := time.Now()
		if _, err := f.st.Deliveries().NextWake(ctx); err != nil {
			return err
		}
		f.next = append(f.next, time.Since(begin))
	}
	for _, q := range []string{
		"UPDATE crier_deliveries SET lease_owner = '', lease_until = -62135596800000000 WHERE lease_owner <> ''",
		fmt.Sprintf("UPDATE crier_lanes SET claimable_at = %d WHERE channel_id < 'channel-%09d'", f.due.UnixMicro(), claimDue),
	} {
		if _, err := f.db.ExecContext(ctx, q); err != nil {
			return err
		}
	}
	return nil
}
