package bunstore_test

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/store"
)

// The port offers no way to change the audit log; the database refuses it to
// everybody else, too.
func TestTheAuditLogOnlyGrows(t *testing.T) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "crier.db")
		s := openSQLite(t, path)
		db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(10000)")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		onlyGrows(t, s, db)
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		dsn := schema(t)
		s := openPostgres(t, dsn)
		db, err := sql.Open("pgx", dsn)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		onlyGrows(t, s, db)
	})
}

func onlyGrows(t *testing.T, s store.Store, db *sql.DB) {
	t.Helper()
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	if err := s.Organizations().Insert(t.Context(), domain.Organization{ID: "o", CreatedAt: at, Version: 1}); err != nil {
		t.Fatal(err)
	}
	if err := s.Audit().Append(t.Context(), domain.AuditEntry{ID: "1", Organization: "o", At: at}); err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{"UPDATE crier_audit SET action = 'x'", "DELETE FROM crier_audit"} {
		if _, err := db.ExecContext(t.Context(), statement); err == nil || !strings.Contains(err.Error(), "only grows") {
			t.Errorf("%s: got %v, want it refused", statement, err)
		}
	}
	if _, err := db.ExecContext(t.Context(), "DELETE FROM crier_organizations"); err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), "DELETE FROM crier_audit"); err != nil {
		t.Errorf("what an organization that is gone left behind cannot be removed: %v", err)
	}
}
