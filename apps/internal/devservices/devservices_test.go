package main

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
)

// fake is a service that only notes what happens to it.
type fake struct {
	id    string
	err   error
	notes *[]string
	begun func()
}

func (f fake) name() string     { return f.id }
func (f fake) variable() string { return "TEST_" + strings.ToUpper(f.id) }

func (f fake) start(context.Context, func(string, ...any)) (string, func(), error) {
	*f.notes = append(*f.notes, "start "+f.id)
	if f.begun != nil {
		f.begun()
	}
	return "at " + f.id, func() { *f.notes = append(*f.notes, "stop "+f.id) }, f.err
}

func TestRun(t *testing.T) {
	t.Parallel()
	started := []string{"start one", "start two", "stop two", "stop one"}
	cases := map[string]struct {
		args  []string
		env   []string
		fail  error
		code  int
		out   string
		notes []string
		says  string
	}{
		"exports the variables": {
			args: []string{"--", "sh", "-c", `echo "$TEST_ONE, $TEST_TWO"`}, out: "at one, at two\n", notes: started,
		},
		"passes the exit code on": {args: []string{"sh", "-c", "exit 3"}, code: 3, notes: started},
		"a command that is killed": {
			args: []string{"sh", "-c", "kill -KILL $$"}, code: 128 + int(syscall.SIGKILL), notes: started,
		},
		"a command that is not there": {args: []string{"/none/such"}, code: 127, notes: started, says: "cannot be run"},
		"only one":                    {args: []string{"-only", "two", "--", "true"}, notes: []string{"start two", "stop two"}},
		"a variable that is set": {
			args: []string{"--", "sh", "-c", "echo $TEST_TWO"}, env: []string{"TEST_ONE=x", "TEST_TWO="}, out: "at two\n",
			notes: []string{"start two", "stop two"}, says: "one is given by TEST_ONE",
		},
		"a service that cannot be had": {
			args: []string{"true"}, fail: errors.New("no luck"), code: 1,
			notes: []string{"start one", "start two", "stop one"}, says: "two cannot be had: no luck",
		},
		"no command":         {args: []string{"-only", "two"}, code: 2, says: "no command"},
		"an unknown service": {args: []string{"-only", "six", "true"}, code: 2, says: `no service "six"`},
		"an unknown flag":    {args: []string{"-x", "true"}, code: 2, says: "usage:"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var notes []string
			var out, says bytes.Buffer
			r := runner{
				services: []service{fake{id: "one", notes: &notes}, fake{id: "two", notes: &notes, err: c.fail}},
				environ:  append(c.env, "PATH=/usr/bin:/bin"), stdout: &out, stderr: &says,
			}
			if code := r.run(c.args); code != c.code {
				t.Errorf("exit code: got %d, want %d (%s)", code, c.code, says.String())
			}
			if out.String() != c.out {
				t.Errorf("output: got %q, want %q", out.String(), c.out)
			}
			if !slices.Equal(notes, c.notes) {
				t.Errorf("services: got %v, want %v", notes, c.notes)
			}
			if !strings.Contains(says.String(), c.says) {
				t.Errorf("messages: got %q, want %q in them", says.String(), c.says)
			}
		})
	}
}

func TestReady(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text string
		want bool
	}{
		"ready":    {"1\n/data\n3\n4\n\n127.0.0.1\n7\nready   \n", true},
		"starting": {"1\n/data\n3\n4\n\n127.0.0.1\n7\nstarting\n", false},
		"half":     {"1\n/data\n", false},
		"empty":    {"", false},
	} {
		if got := ready([]byte(c.text)); got != c.want {
			t.Errorf("%s: got %t, want %t", name, got, c.want)
		}
	}
}

func TestNewestFirst(t *testing.T) {
	t.Parallel()
	got := newestFirst([]string{"/lib/postgresql/9/bin", "/lib/postgresql/15/bin", "/lib/x/bin", "/lib/postgresql/16/bin"})
	want := []string{"/lib/postgresql/16/bin", "/lib/postgresql/15/bin", "/lib/postgresql/9/bin", "/lib/x/bin"}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestFindNeedsBothPrograms(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	dir := t.TempDir()
	for name, mode := range map[string]fs.FileMode{
		"17/initdb": 0o755, // postgres is missing
		"16/initdb": 0o755, "16/postgres": 0o644,
		"15/initdb": 0o755, "15/postgres": 0o755,
	} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, nil, mode); err != nil {
			t.Fatal(err)
		}
	}
	got, ok := postgres{folders: []string{dir + "/*"}}.find()
	if want := filepath.Join(dir, "15"); !ok || got != want {
		t.Errorf("got %q and %t, want %q", got, ok, want)
	}
	if got, ok := (postgres{folders: []string{dir + "/none*"}}).find(); ok {
		t.Errorf("where nothing is: got %q, want nothing", got)
	}
}

func TestReachable(t *testing.T) {
	t.Parallel()
	tree := fstest.MapFS{
		"open/tmp":   {Mode: fs.ModeDir | 0o777},
		"open":       {Mode: fs.ModeDir | 0o755},
		"closed/tmp": {Mode: fs.ModeDir | 0o777},
		"closed":     {Mode: fs.ModeDir | 0o700},
		"open/file":  {Mode: 0o777},
	}
	stat := func(name string) (fs.FileInfo, error) {
		if name == "/" {
			return fs.Stat(fstest.MapFS{"x": {Mode: fs.ModeDir | 0o755}}, "x")
		}
		return fs.Stat(tree, strings.TrimPrefix(name, "/"))
	}
	for dir, want := range map[string]bool{"/open/tmp": true, "/closed/tmp": false, "/none": false, "/open/file": false} {
		if got := reachable(stat, dir); got != want {
			t.Errorf("%s: got %t, want %t", dir, got, want)
		}
	}
}

func TestTail(t *testing.T) {
	t.Parallel()
	if got := tail([]byte("a\nb\nc\n"), 2); got != "b\nc" {
		t.Errorf("got %q, want the last two lines", got)
	}
	if got := tail(nil, 2); got != "" {
		t.Errorf("got %q, want nothing", got)
	}
}
