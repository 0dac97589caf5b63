// Command bench measures the numbers of docs/performance.md on this machine and
// prints them as the table that stands there. It needs TEST_POSTGRES_DSN for
// the half on PostgreSQL; make bench provides it.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// rounds is how often each number is taken; the median is printed.
const rounds = 3

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	only := flag.String("only", "", "measure one thing: start, idle, create, api, publish, flood, claim or scale")
	on := flag.String("on", "", "measure on one database: sqlite or postgresql")
	sizes := flag.String("future", "10000,1000000", "how many deliveries in the future claims are measured among")
	part := flag.String("part", "", "internal: be a worker on this database")
	flag.Parse()
	err := do(ctx, *only, *on, *sizes, *part)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// row is one line of the table.
type row struct{ what, database, value, target string }

func do(ctx context.Context, only, on, sizes, part string) error {
	if part != "" {
		return beWorker(ctx, part)
	}
	var future []int
	for _, s := range strings.Split(sizes, ",") {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 {
			return fmt.Errorf("-future takes numbers with commas between them, not %q", sizes)
		}
		future = append(future, n)
	}
	return run(ctx, only, on, future)
}

func run(ctx context.Context, only, on string, future []int) error {
	dir, err := os.MkdirTemp("", "crier-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	binary := filepath.Join(dir, "server")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", binary, "./apps/server")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build the server: %w\n%s", err, out)
	}
	databases := []database{{name: "SQLite"}}
	if dsn := os.Getenv("TEST_POSTGRES_DSN"); dsn != "" { //nolint:forbidigo // set by devservices
		databases = append(databases, database{name: "PostgreSQL", dsn: dsn})
	} else {
		fmt.Println("There is no TEST_POSTGRES_DSN: only SQLite is measured. make bench measures both.")
	}
	var rows []row
	for _, db := range databases {
		if on != "" && !strings.EqualFold(on, db.name) {
			continue
		}
		for _, m := range []struct {
			name string
			run  func(context.Context, string, string, database) ([]row, error)
		}{{"start", coldStart}, {"idle", idle}, {"create", creating}, {"api", answering}, {"publish", publishing(1000)}, {"flood", publishing(10_000)}, {"claim", claiming(future)}, {"scale", scaling}} {
			if only != "" && only != m.name {
				continue
			}
			got, err := m.run(ctx, binary, dir, db)
			if err != nil {
				return fmt.Errorf("%s: %w", db.name, err)
			}
			for _, r := range got {
				fmt.Printf("%-58s %-11s %-34s %s\n", r.what, r.database, r.value, r.target)
			}
			rows = append(rows, got...)
		}
	}
	print(rows)
	return nil
}

func print(rows []row) {
	fmt.Printf("\nMeasured on %s with %d cores, %s, %s\n\n", runtime.GOOS+"/"+runtime.GOARCH, runtime.NumCPU(), runtime.Version(), time.Now().UTC().Format("2006-01-02"))
	fmt.Println("| What | Database | Measured | Target |\n|---|---|---|---|")
	for _, r := range rows {
		fmt.Println("| " + strings.Join([]string{r.what, r.database, r.value, r.target}, " | ") + " |")
	}
}

func median[T ~int | ~int64 | ~float64](vs []T) T {
	slices.Sort(vs)
	return vs[len(vs)/2]
}
