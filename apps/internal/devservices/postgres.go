package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/crierhq/crier/apps/internal/freeport"
)

// postgres starts a fresh PostgreSQL, and installs one where that is possible.
type postgres struct {
	// folders are patterns of where its programs may be beside PATH.
	folders []string
}

func newPostgres() postgres {
	return postgres{folders: []string{
		"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/usr/local/pgsql/bin",
		"/opt/homebrew/opt/postgresql*/bin", "/usr/local/opt/postgresql*/bin",
	}}
}

func (postgres) name() string     { return "postgres" }
func (postgres) variable() string { return "TEST_POSTGRES_DSN" }

func (p postgres) start(ctx context.Context, say func(string, ...any)) (string, func(), error) {
	bin, err := p.programs(ctx, say)
	if err != nil {
		return "", nil, err
	}
	acc, err := serviceAccount()
	if err != nil {
		return "", nil, err
	}
	c := &cluster{bin: bin, account: acc}
	if err := c.create(ctx); err != nil {
		return "", nil, errors.Join(err, c.remove())
	}
	if err := c.run(ctx); err != nil {
		c.stop()
		return "", nil, errors.Join(err, c.remove())
	}
	say("PostgreSQL from %s is ready on port %d", bin, c.port)
	stop := func() {
		c.stop()
		if err := c.remove(); err != nil {
			say("PostgreSQL is stopped, but its folder stays: %v", err)
			return
		}
		say("PostgreSQL is stopped and its data removed")
	}
	return c.dsn(), stop, nil
}

// programs returns the folder with the programs of PostgreSQL, and installs
// them if need be.
func (p postgres) programs(ctx context.Context, say func(string, ...any)) (string, error) {
	if dir, ok := p.find(); ok {
		return dir, nil
	}
	apt, err := exec.LookPath("apt-get")
	if err != nil || os.Geteuid() != 0 {
		return "", errors.New("PostgreSQL is not installed, and only root on a system with apt-get can install it from here; " +
			"install it, or set TEST_POSTGRES_DSN to a database that the tests may use")
	}
	say("installing PostgreSQL with apt-get")
	if err := install(ctx, apt, "postgresql"); err != nil {
		return "", err
	}
	if dir, ok := p.find(); ok {
		return dir, nil
	}
	return "", errors.New("apt-get installed PostgreSQL, but its programs initdb and postgres are nowhere to be found")
}

// install installs a package of the system.
func install(ctx context.Context, apt, name string) error {
	for _, args := range [][]string{{"update"}, {"install", "-y", "--no-install-recommends", name}} {
		cmd := exec.CommandContext(ctx, apt, args...)
		cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("apt-get %s: %w\n%s", args[0], err, tail(out, 20))
		}
	}
	return nil
}

// find looks in PATH, and then in the folders, the newest version first.
func (p postgres) find() (string, bool) {
	var dirs []string
	if name, err := exec.LookPath("initdb"); err == nil {
		if name, err = filepath.EvalSymlinks(name); err == nil {
			dirs = append(dirs, filepath.Dir(name))
		}
	}
	for _, pattern := range p.folders {
		found, _ := filepath.Glob(pattern) // it only fails for a bad pattern
		dirs = append(dirs, newestFirst(found)...)
	}
	i := slices.IndexFunc(dirs, func(dir string) bool {
		return isProgram(filepath.Join(dir, "initdb")) && isProgram(filepath.Join(dir, "postgres"))
	})
	if i < 0 {
		return "", false
	}
	return dirs[i], true
}

func isProgram(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}

// newestFirst orders folders by the first number in their names.
func newestFirst(dirs []string) []string {
	return slices.SortedStableFunc(slices.Values(dirs), func(a, b string) int {
		return cmp.Compare(version(b), version(a))
	})
}

func version(dir string) int {
	digits := strings.FieldsFunc(dir, func(r rune) bool { return r < '0' || r > '9' })
	if len(digits) == 0 {
		return 0
	}
	n, _ := strconv.Atoi(digits[0]) // too long a number counts as old
	return n
}

// cluster is one PostgreSQL with its data.
type cluster struct {
	bin      string
	account  *account
	dir      string
	port     int
	password string
	cmd      *exec.Cmd
	exited   chan struct{}
}

// create makes an empty cluster in a folder of its own.
func (c *cluster) create(ctx context.Context) (err error) {
	if c.dir, err = makeFolder(c.account); err != nil {
		return err
	}
	c.password = rand.Text()
	file := filepath.Join(c.dir, "password")
	if err := os.WriteFile(file, []byte(c.password), 0o600); err != nil {
		return err
	}
	if err := c.account.own(file); err != nil {
		return err
	}
	out, err := c.program(ctx, "initdb", "-D", c.data(), "-U", "postgres", "--pwfile", file,
		"--auth=scram-sha-256", "-E", "UTF8", "--locale=C", "--no-sync").CombinedOutput()
	if err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, tail(out, 20))
	}
	return nil
}

func (c *cluster) data() string { return filepath.Join(c.dir, "data") }
func (c *cluster) log() string  { return filepath.Join(c.dir, "log") }

func (c *cluster) dsn() string {
	return fmt.Sprintf("postgres://postgres:%s@127.0.0.1:%d/postgres?sslmode=disable", c.password, c.port)
}

// program runs one of its programs as the account, in a folder that this one
// may enter.
func (c *cluster) program(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(c.bin, name), args...)
	cmd.Dir = c.dir
	cmd.SysProcAttr = processAttributes(c.account)
	return cmd
}

// run starts the server and waits until it answers. Another program may take
// the port in between, so it tries more than one.
func (c *cluster) run(ctx context.Context) error {
	var err error
	for range 3 {
		if c.port, err = freeport.Find(ctx); err != nil {
			return err
		}
		if err = c.runOnce(ctx); err == nil || ctx.Err() != nil {
			break
		}
		c.stop()
	}
	if err != nil {
		text, _ := os.ReadFile(c.log())
		return fmt.Errorf("%w\n%s", err, tail(text, 20))
	}
	return nil
}

func (c *cluster) runOnce(ctx context.Context) error {
	log, err := os.Create(c.log())
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	// Nothing here needs to outlive a power cut.
	args := []string{"-D", c.data(), "-p", strconv.Itoa(c.port)}
	for _, setting := range []string{
		"listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=300",
		"fsync=off", "synchronous_commit=off", "full_page_writes=off",
	} {
		args = append(args, "-c", setting)
	}
	// Not bound to ctx, which would kill it without a chance to tidy up.
	c.cmd = c.program(context.WithoutCancel(ctx), "postgres", args...)
	c.cmd.Stdout, c.cmd.Stderr = log, log
	if err := c.cmd.Start(); err != nil {
		c.cmd = nil
		return err
	}
	cmd, exited := c.cmd, make(chan struct{})
	c.exited = exited
	go func() {
		_ = cmd.Wait() // how it ended is in its log
		close(exited)
	}()
	return awaitReady(ctx, exited, c.ready)
}

func (c *cluster) ready(context.Context) bool {
	text, err := os.ReadFile(filepath.Join(c.data(), "postmaster.pid"))
	return err == nil && ready(text)
}

// ready reads the eighth line of postmaster.pid, as pg_ctl does.
func ready(pidFile []byte) bool {
	lines := bytes.Split(pidFile, []byte("\n"))
	return len(lines) >= 8 && string(bytes.TrimSpace(lines[7])) == "ready"
}

// stop ends the server: first kindly, then for sure. It may be called without
// one.
func (c *cluster) stop() {
	if c.cmd == nil {
		return
	}
	if end(c.cmd, c.exited, os.Interrupt, quitSignal, os.Kill) { // fast, immediate, now
		c.cmd = nil
	}
}

func (c *cluster) remove() error {
	if c.dir == "" {
		return nil
	}
	return os.RemoveAll(c.dir)
}

// makeFolder makes a temporary folder that the account owns and can reach.
func makeFolder(a *account) (string, error) {
	var last error
	for _, parent := range []string{os.TempDir(), "/tmp", "/var/tmp"} {
		if a != nil && !reachable(os.Stat, parent) {
			last = fmt.Errorf("%s cannot be entered by the user %s", parent, a.name)
			continue
		}
		dir, err := os.MkdirTemp(parent, "crier-postgres-")
		if err == nil {
			if err = a.own(dir); err != nil {
				err = errors.Join(err, os.Remove(dir))
			}
		}
		if err == nil {
			return dir, nil
		}
		last = err
	}
	return "", last
}

// reachable reports whether everybody may enter dir and all above it.
func reachable(stat func(string) (fs.FileInfo, error), dir string) bool {
	for {
		info, err := stat(dir)
		if err != nil || !info.IsDir() || info.Mode()&0o001 == 0 {
			return false
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return true
		}
		dir = parent
	}
}

// tail returns the last n lines of text.
func tail(text []byte, n int) string {
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
