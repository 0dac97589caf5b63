package secrets_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/crierhq/crier/apps/internal/config"
	"github.com/crierhq/crier/apps/internal/secrets"
)

func load(t *testing.T, dir string) secrets.Secrets {
	t.Helper()
	s, err := secrets.Load(dir, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestFirstStartMakesSecretsAndLaterOnesKeepThem(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data", "secrets")
	first := load(t, dir)
	if !regexp.MustCompile(`^[0-9a-f]{128}$`).MatchString(first.JWT) {
		t.Errorf("got a JWT secret of %d characters, want 64 bytes in hexadecimal", len(first.JWT))
	}
	if keys, err := config.ParseKeys(first.EncryptionKeys); err != nil || len(keys) != 1 || keys[0].ID != "k1" {
		t.Errorf("got keys %v, %v; want one key named k1", keys, err)
	}
	if len(first.Created) != 2 {
		t.Errorf("got created %q, want both files", first.Created)
	}
	for name, want := range map[string]os.FileMode{"": 0o700, secrets.JWTFile: 0o600, secrets.KeysFile: 0o600} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%q: got %v, %v; want mode %o", name, info, err, want)
		}
	}
	again := load(t, dir)
	if again.JWT != first.JWT || again.EncryptionKeys != first.EncryptionKeys || len(again.Created) != 0 {
		t.Errorf("got other secrets at the second start, or created %q", again.Created)
	}
	if other := load(t, t.TempDir()); other.JWT == first.JWT || other.EncryptionKeys == first.EncryptionKeys {
		t.Error("two folders got the same secrets")
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 2 {
		t.Errorf("got %v, %v; want the two files and nothing left over", entries, err)
	}
}

func TestGoroutinesAtOnceAgree(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	const n = 32
	var wg sync.WaitGroup
	got, created, errs := make([]string, n), make([]int, n), make([]error, n)
	for i := range n {
		wg.Go(func() {
			s, err := secrets.Load(dir, rand.Reader)
			got[i], created[i], errs[i] = s.JWT+" "+s.EncryptionKeys, len(s.Created), err
		})
	}
	wg.Wait()
	total := 0
	for i := range n {
		total += created[i]
		if errs[i] != nil || got[i] != got[0] {
			t.Errorf("call %d: other secrets than call 0, or %v", i, errs[i])
		}
	}
	if total != 2 {
		t.Errorf("got %d files created, want each once", total)
	}
}

// TestChild is not a test by itself: TestProcessesAtOnceAgree starts it.
func TestChild(t *testing.T) {
	t.Parallel()
	if flag.NArg() == 1 {
		s := load(t, flag.Arg(0))
		fmt.Fprintf(os.Stderr, "%s %s\n", s.JWT, s.EncryptionKeys)
	}
}

func TestProcessesAtOnceAgree(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "secrets")
	var wg sync.WaitGroup
	var out [4]bytes.Buffer
	var errs [4]error
	for i := range out {
		wg.Go(func() {
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestChild$", dir)
			cmd.Stderr = &out[i]
			errs[i] = cmd.Run()
		})
	}
	wg.Wait()
	s := load(t, dir)
	want := s.JWT + " " + s.EncryptionKeys
	for i := range out {
		if got := strings.TrimSpace(out[i].String()); errs[i] != nil || got != want {
			t.Errorf("process %d: other secrets than the files hold, or %v", i, errs[i])
		}
	}
}

func TestBadFilesAreRefused(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		content string
		mode    os.FileMode
		want    string
	}{
		"readable by the group": {"s", 0o640, "run: chmod 600 '"},
		"readable by everybody": {"s", 0o604, "mode 0604"},
		"writable by others":    {"s", 0o622, "run: chmod 600 '"},
		"empty":                 {"", 0o600, "is empty"},
		"blank":                 {" \n", 0o600, "is empty"},
		"a folder":              {"", os.ModeDir | 0o700, "not an ordinary file"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			file := filepath.Join(dir, secrets.JWTFile)
			if tc.mode.IsDir() {
				if err := os.Mkdir(file, 0o700); err != nil {
					t.Fatal(err)
				}
			} else {
				write(t, file, tc.content, tc.mode)
			}
			_, err := secrets.Load(dir, rand.Reader)
			if err == nil || !strings.Contains(err.Error(), tc.want) || !strings.Contains(err.Error(), file) {
				t.Errorf("got %v, want %q and the name of the file", err, tc.want)
			}
		})
	}
}

func write(t *testing.T, file, content string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	// The umask must not decide about the mode.
	if err := os.Chmod(file, mode); err != nil {
		t.Fatal(err)
	}
}

func TestBothFilesAreNamedAtOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, filepath.Join(dir, secrets.JWTFile), "a", 0o644)
	write(t, filepath.Join(dir, secrets.KeysFile), "", 0o600)
	s, err := secrets.Load(dir, rand.Reader)
	if err == nil || !strings.Contains(err.Error(), secrets.JWTFile) || !strings.Contains(err.Error(), secrets.KeysFile) || s.JWT != "" {
		t.Errorf("got %v, want both files named and no secrets", err)
	}
}

func TestReadOnlyFolderIsFineWhereTheFilesExist(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, filepath.Join(dir, secrets.JWTFile), "jwt\n", 0o400)
	write(t, filepath.Join(dir, secrets.KeysFile), "k2:b,k1:a\n", 0o400)
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	s := load(t, dir)
	if s.JWT != "jwt" || s.EncryptionKeys != "k2:b,k1:a" {
		t.Errorf("got %d and %d characters, want the content of the files", len(s.JWT), len(s.EncryptionKeys))
	}
}

// TestUnwritableFolder uses a file in the place of the folder: root may write
// everywhere, but not below a file.
func TestUnwritableFolder(t *testing.T) {
	t.Parallel()
	parent := filepath.Join(t.TempDir(), "file")
	write(t, parent, "", 0o600)
	if _, err := secrets.Load(filepath.Join(parent, "secrets"), rand.Reader); err == nil {
		t.Error("got no error, want one")
	}
	if os.Geteuid() == 0 {
		return
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	if _, err := secrets.Load(dir, rand.Reader); err == nil || !strings.Contains(err.Error(), "or set JWT_SECRET and ENCRYPTION_KEYS") {
		t.Errorf("got %v, want advice", err)
	}
}

func TestNoRandomnessMakesNoFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, r := range map[string]io.Reader{
		"error": iotest.ErrReader(errors.New("broken")), "short": strings.NewReader("too short"),
	} {
		if _, err := secrets.Load(dir, r); err == nil {
			t.Errorf("%s: got no error, want one", name)
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
		t.Errorf("got %v, %v; want an empty folder", entries, err)
	}
}

func TestSecretsNeverPrint(t *testing.T) {
	t.Parallel()
	s := secrets.Secrets{JWT: "hunter2", EncryptionKeys: "k1:hunter2"}
	if out := fmt.Sprintf("%v %+v %#v %s", s, s, s, s); strings.Contains(out, "hunter2") {
		t.Errorf("got %q, want no secret", out)
	}
}
