package examples_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/crierhq/crier/adapters/bunstore"
	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/domain"
)

// order is a row of the host, stored together with the post that announces it.
func placeOrder(ctx context.Context, db *sql.DB, eng *core.Engine, crier *bunstore.Store, me domain.Actor, ch domain.ChannelID, item string, pay func() error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.ExecContext(ctx, "INSERT INTO orders (item) VALUES ('"+item+"')"); err != nil {
		return err
	}
	// The engine works inside the host's transaction: nothing that it does is
	// there until the host commits.
	if _, err := eng.On(crier.Join(tx)).Posts.Create(ctx, me, core.PostInput{
		Items:   []domain.Item{{Text: "Just sold: " + item}},
		Targets: []domain.Target{{Channel: ch}}, When: core.Now,
	}); err != nil {
		return err
	}
	if err := pay(); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	eng.Wake()
	return nil
}

// A host schedules a post inside its own transaction: its row and the post are
// kept together or not at all.
func Example_hostTransaction() {
	dir, err := os.MkdirTemp("", "crier-example")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "shop.db")+"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_txlock=immediate")
	if err != nil {
		panic(err)
	}
	defer func() { _ = db.Close() }()
	orders, posts, err := shop(context.Background(), db, bunstore.SQLite)
	if err != nil {
		panic(err)
	}
	fmt.Println("orders:", orders, "posts:", posts)
	// Output: orders: 1 posts: 1
}

// shop places an order whose payment fails and one whose payment works, and
// counts what is left.
func shop(ctx context.Context, db *sql.DB, d bunstore.Dialect) (orders, posts int, err error) {
	crier, err := bunstore.New(db, d)
	if err != nil {
		return 0, 0, err
	}
	if err := crier.Migrate(ctx); err != nil {
		return 0, 0, err
	}
	if _, err := db.ExecContext(ctx, "CREATE TABLE orders (item TEXT NOT NULL)"); err != nil {
		return 0, 0, err
	}
	eng, me, ch, err := engine(ctx, crier)
	if err != nil {
		return 0, 0, err
	}
	refused := errors.New("the card was refused")
	if err := placeOrder(ctx, db, eng, crier, me, ch, "a lamp", func() error { return refused }); !errors.Is(err, refused) {
		return 0, 0, fmt.Errorf("got %w, want the refusal", err)
	}
	if err := placeOrder(ctx, db, eng, crier, me, ch, "a chair", func() error { return nil }); err != nil {
		return 0, 0, err
	}
	if err := db.QueryRowContext(ctx, "SELECT count(*) FROM orders").Scan(&orders); err != nil {
		return 0, 0, err
	}
	if err := db.QueryRowContext(ctx, "SELECT count(*) FROM crier_posts").Scan(&posts); err != nil {
		return 0, 0, err
	}
	if n, _, err := eng.Tick(ctx); err != nil || n != posts {
		return 0, 0, fmt.Errorf("published %d of %d: %w", n, posts, err)
	}
	return orders, posts, nil
}

func TestHostTransactionOnPostgreSQL(t *testing.T) {
	t.Parallel()
	db := postgres(t)
	orders, posts, err := shop(t.Context(), db, bunstore.Postgres)
	if err != nil {
		t.Fatal(err)
	}
	if orders != 1 || posts != 1 {
		t.Errorf("got %d orders and %d posts, want one of each: the pair that was committed", orders, posts)
	}
}
