package examples_test

import (
	"context"
	"database/sql"
	"os"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	_ "modernc.org/sqlite"             // the driver "sqlite"

	"github.com/crierhq/crier/adapters/bunstore"
	"github.com/crierhq/crier/adapters/memblob"
	"github.com/crierhq/crier/adapters/memseal"
	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/social"
)

// engine makes an engine on the host's database, with one channel.
func engine(ctx context.Context, st *bunstore.Store) (*core.Engine, domain.Actor, domain.ChannelID, error) {
	blobs, err := memblob.New(time.Now)
	if err != nil {
		return nil, domain.Actor{}, "", err
	}
	sealer, err := memseal.New()
	if err != nil {
		return nil, domain.Actor{}, "", err
	}
	eng, err := core.New(core.Config{
		Store: st, Blobs: blobs, Sealer: sealer, Providers: []social.Provider{&wall{}}, Tokens: vault{"shop": "token"},
	})
	if err != nil {
		return nil, domain.Actor{}, "", err
	}
	org, err := eng.Accounts.CreateOrganization(ctx, "Shop", "")
	if err != nil {
		return nil, domain.Actor{}, "", err
	}
	me := domain.System(org.ID)
	ch, err := eng.Channels.Adopt(ctx, me, "wall", social.Connection{Account: "shop", Name: "Shop"})
	return eng, me, ch.ID, err
}

// postgres opens a schema of its own on the PostgreSQL that the tests run with.
func postgres(t *testing.T) *sql.DB {
	t.Helper()
	dsn := os.Getenv("TEST_POSTGRES_DSN")
	if dsn == "" {
		if os.Getenv("CI") == "true" {
			t.Fatal("TEST_POSTGRES_DSN is not set; run make test")
		}
		t.Skip("SKIPPED: there is no PostgreSQL; run make test")
	}
	name := "example_" + strings.ReplaceAll(core.NewID(time.Now()), "-", "")
	admin, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := admin.ExecContext(t.Context(), "CREATE SCHEMA "+name); err != nil {
		t.Fatal(err)
	}
	sep := "?"
	if strings.Contains(dsn, "?") {
		sep = "&"
	}
	db, err := sql.Open("pgx", dsn+sep+"search_path="+name+"&default_query_exec_mode=simple_protocol")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = db.Close()
		_, _ = admin.ExecContext(context.Background(), "DROP SCHEMA "+name+" CASCADE")
		_ = admin.Close()
	})
	return db
}
