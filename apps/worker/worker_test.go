package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestMain lets the test binary be the worker.
func TestMain(m *testing.M) {
	if os.Getenv("RUN_AS_WORKER") == "1" {
		os.Exit(run(context.Background(), os.Args[1:]))
	}
	os.Exit(m.Run())
}

func TestWorkerRunsAndStops(t *testing.T) {
	t.Parallel()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := worker(t, w, nil, "DATA_DIR="+filepath.Join(t.TempDir(), "data"))
	if err := errors.Join(cmd.Start(), w.Close()); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for lines := bufio.NewScanner(r); lines.Scan(); {
		out.WriteString(lines.Text() + "\n")
		if strings.Contains(lines.Text(), "msg=working") {
			if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := errors.Join(cmd.Wait(), r.Close()); err != nil || !strings.Contains(out.String(), "msg=stopped") || strings.Contains(out.String(), "listening") {
		t.Errorf("got %v and %s, want it to end well without having listened", err, out.String())
	}
}

func TestWorkerSaysWhyItCannotStart(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args []string
		env  string
		want string
	}{
		"setting": {nil, "LEASE=1ms", "\n  LEASE: "},
		"folder":  {nil, "DATA_DIR=/dev/null", "worker: the folder of DATA_DIR"},
		"command": {[]string{"x"}, "DATA_DIR=/dev/null", `there is no command "x"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			err := worker(t, &out, c.args, c.env).Run()
			if e, ok := err.(*exec.ExitError); !ok || e.ExitCode() != 2 || !strings.Contains(out.String(), c.want) { //nolint:errorlint // Run returns it bare
				t.Errorf("got %v and %s, want exit code 2 and %q", err, out.String(), c.want)
			}
		})
	}
}

func worker(t *testing.T, out io.Writer, args []string, env ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, args...)
	cmd.Env = append([]string{"RUN_AS_WORKER=1"}, env...)
	cmd.Stdout, cmd.Stderr = out, out
	return cmd
}
