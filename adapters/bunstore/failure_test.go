package bunstore_test

import (
	"strings"
	"testing"

	"github.com/crierhq/crier/ports/store"
)

// TestOldFailuresKnowTheirCause fails deliveries before the column of causes
// was made, and asks for them after it.
func TestOldFailuresKnowTheirCause(t *testing.T) {
	t.Parallel()
	for name, config := range configs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := opened(t, config(t))
			if err := s.MigrateTo(t.Context(), 6); err != nil {
				t.Fatal(err)
			}
			for _, q := range []string{
				"INSERT INTO crier_posts (id, organization_id, author_id, state, items, targets, channels, due_at, list_at, zone, wall, tags," +
					" revision, created_at, updated_at, version) VALUES ('p', 'o', '', 'scheduled', '', '', '', 0, 0, '', '', '', 1, 0, 0, 1)",
				oldFailure("1", `{"code":"rejected","message":"No."}`), oldFailure("2", `{"message":"No code."}`), oldFailure("3", ""),
			} {
				if err := s.Exec(t.Context(), q); err != nil {
					t.Fatal(err)
				}
			}
			if err := s.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			gs, err := s.Deliveries().FailureGroups(t.Context(), "o", store.FailureFilter{Code: "rejected"})
			if err != nil || len(gs) != 1 || gs[0].Count != 1 || gs[0].Message != "No." {
				t.Errorf("got %+v, %v; want the one that was rejected", gs, err)
			}
			if all, err := s.Deliveries().FailureGroups(t.Context(), "o", store.FailureFilter{}); err != nil || len(all) != 2 {
				t.Errorf("got %+v, %v; want those without a code, too", all, err)
			}
		})
	}
}

// TestFailuresAreReadFromTheirIndex: nothing that is out or waits is looked at.
func TestFailuresAreReadFromTheirIndex(t *testing.T) {
	t.Parallel()
	for name, open := range hosts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := open(t)
			explain := "EXPLAIN "
			if name == "sqlite" {
				explain = "EXPLAIN QUERY PLAN "
			}
			const index = "crier_deliveries_failures"
			if name == "postgres" { // a sequence of nothing is cheaper still
				h.SetMaxOpenConns(1)
				if _, err := h.ExecContext(t.Context(), "SET enable_seqscan = off"); err != nil {
					t.Fatal(err)
				}
			}
			query := "SELECT * FROM crier_deliveries AS d WHERE (d.organization_id = 'org')" +
				" AND (d.state IN ('failed', 'unknown', 'blocked', 'missed')) AND (d.reason_code = 'x') ORDER BY d.updated_at DESC, d.id DESC LIMIT 10"
			if plan := h.plan(t, explain+query); !strings.Contains(plan, index) {
				t.Errorf("plan of %s: got\n%s\nwant it to read %s", query, plan, index)
			}
		})
	}
}

func oldFailure(id, reason string) string {
	return "INSERT INTO crier_deliveries (id, organization_id, post_id, channel_id, provider, state, due_at, lease_owner, lease_until," +
		" lease_token, revision, parts, progress, open_attempt_id, attempts, tries, looks, bound, reason, created_at, updated_at, version)" +
		" VALUES ('" + id + "', 'o', 'p', 'c', 'x', 'failed', 0, '', 0, 0, 1, '', '', '', 0, 0, 0, 0, '" + reason + "', 0, 0, 1)"
}
