package bunstore_test

import (
	"database/sql"
	"path/filepath"
	"slices"
	"testing"

	"github.com/crierhq/crier/adapters/bunstore"
)

// TestNoTableOutlivesItsOrganization finds a table with tenants that the end of
// an organization would leave behind.
func TestNoTableOutlivesItsOrganization(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "crier.db")
	openSQLite(t, path)
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	rows, err := db.QueryContext(t.Context(), `SELECT m.name FROM sqlite_master m JOIN pragma_table_info(m.name) c
		WHERE m.type = 'table' AND c.name = 'organization_id' ORDER BY m.name`)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var got []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		got = append(got, name)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	want := bunstore.TenantTables()
	if slices.Sort(want); !slices.Equal(got, want) {
		t.Errorf("got tables with tenants %q, want those that are emptied with an organization: %q", got, want)
	}
}
