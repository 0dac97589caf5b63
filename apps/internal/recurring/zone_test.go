package recurring_test

import (
	"debug/elf"
	"fmt"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // as the programs have it

	"github.com/crierhq/crier/adapters/memstore"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/store"
)

// asked is set in the processes that TestRegression16 starts.
const asked = "CRIER_TEST_FIRE_TIMES"

// TestFireTimes prints when posts fire. It is run by TestRegression16 in
// processes of other zones.
func TestFireTimes(t *testing.T) {
	t.Parallel()
	if os.Getenv(asked) == "" {
		t.Skip("it is run by TestRegression16FireTimesAreTheSameEverywhere")
	}
	memory := memstore.New()
	w := newWorld(t, func() store.Store { return memory }, "Europe/Berlin", time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	a := w.connect("ann")
	if _, err := w.Channels.SetSlots(t.Context(), w.owner, a.ID, "", []domain.Slot{{Weekday: time.Sunday, Minute: 150}}); err != nil {
		t.Fatal(err)
	}
	for _, zone := range []string{"", "America/New_York", "Australia/Lord_Howe"} {
		in := input("x "+zone, "2026-03-27T02:30", zone, &domain.Recurrence{EveryDays: 2, Count: 200}, a)
		for _, o := range w.preview(in, 100) {
			fmt.Println("preview", o.At.UTC().Format(time.RFC3339), o.Key, o.Moved)
		}
		if _, err := w.Posts.Create(t.Context(), w.owner, in); err != nil {
			t.Fatal(err)
		}
	}
	free, err := w.Posts.FreeSlots(t.Context(), w.owner, a.ID, 50)
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range free {
		fmt.Println("slot", at.UTC().Format(time.RFC3339))
	}
	w.until(time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC))
	for _, f := range w.out {
		fmt.Println("fired", f.at.UTC().Format(time.RFC3339), f.text)
	}
}

// TestRegression16FireTimesAreTheSameEverywhere: neither TZ nor the zone data of
// the system decide anything.
func TestRegression16FireTimesAreTheSameEverywhere(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	run := func(root string, env ...string) string {
		t.Helper()
		program := self
		if root != "" {
			program = "/self"
		}
		cmd := exec.CommandContext(t.Context(), program, "-test.run=^TestFireTimes$", "-test.count=1")
		cmd.Env = append([]string{asked + "=1", "TMPDIR=/"}, env...)
		if root != "" {
			cmd.SysProcAttr = inside(root)
			cmd.Dir = "/"
		}
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("with %q: %v\n%s", env, err, out)
		}
		lines := strings.Split(string(out), "\n")
		return strings.Join(lines[:len(lines)-2], "\n") // without what the test program says of itself
	}
	want := run("", "TZ=UTC")
	if n := strings.Count(want, "fired"); n < 300 {
		t.Fatalf("got %d publications, want some hundreds:\n%s", n, want)
	}
	for _, env := range [][]string{
		{"TZ=America/Los_Angeles"}, {"TZ=Asia/Kathmandu", "ZONEINFO=/nowhere"}, {"TZ=nonsense"}, {"TZ=", "ZONEINFO=" + t.TempDir()},
	} {
		if got := run("", env...); got != want {
			t.Errorf("with %q: got other fire times", env)
		}
	}
	if root := bare(t, self); root != "" {
		if got := run(root, "TZ=Asia/Kathmandu"); got != want {
			t.Errorf("without zone data: got other fire times")
		}
	}
}

// bare makes a file system that holds nothing but the program self, or says ""
// where that cannot be done.
func bare(t *testing.T, self string) string {
	t.Helper()
	f, err := elf.Open(self)
	if os.Geteuid() != 0 || err != nil {
		t.Log("only root can take a process away from the zone data of the system")
		return ""
	}
	defer func() { _ = f.Close() }()
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			t.Log("this program needs libraries, so it cannot run alone")
			return ""
		}
	}
	root := t.TempDir()
	raw, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "self"), raw, 0o700); err != nil { //nolint:gosec // it is a program
		t.Fatal(err)
	}
	return root
}

// TestRegression16ProgramsBringTheZones: every program has the zone data inside.
func TestRegression16ProgramsBringTheZones(t *testing.T) {
	t.Parallel()
	for _, program := range []string{"server", "worker"} {
		f, err := parser.ParseFile(token.NewFileSet(), filepath.Join("..", "..", program, "main.go"), nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, imp := range f.Imports {
			found = found || imp.Path.Value == `"time/tzdata"`
		}
		if !found {
			t.Errorf("%s does not import time/tzdata", program)
		}
	}
}
