package diskblob_test

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/crierhq/crier/adapters/diskblob"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/blob"
	"github.com/crierhq/crier/testkit/blobtest"
)

func open(t *testing.T, dir string) *diskblob.Bucket {
	t.Helper()
	b, err := diskblob.New(diskblob.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

func put(t *testing.T, b blob.Bucket, key, text string) {
	t.Helper()
	if _, err := b.Put(t.Context(), key, strings.NewReader(text)); err != nil {
		t.Fatal(err)
	}
}

// files lists every regular file below dir, whatever it is called.
func files(t *testing.T, dir string) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			out = append(out, strings.TrimPrefix(name, dir+string(filepath.Separator)))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestConformance(t *testing.T) {
	t.Parallel()
	blobtest.Run(t, blobtest.Harness{New: func() (blob.Bucket, error) { return open(t, t.TempDir()), nil }})
}

func TestFilesOutliveTheBucket(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "made-by-new")
	first := open(t, dir)
	for _, key := range []string{"a", "a/b", strings.Repeat("x", 201), strings.Repeat("y", 200) + "./" + strings.Repeat("z", 200) + ".."} {
		put(t, first, key, key)
	}
	want, err := first.List(t.Context(), "", "", 10)
	if err != nil || len(want) != 4 {
		t.Fatalf("got %v, %v, want four keys", want, err)
	}
	got, err := open(t, dir).List(t.Context(), "", "", 10)
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("after opening again: got %v, %v, want %v", got, err, want)
	}
}

func TestNewSaysWhichFolderIsWrong(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "a-file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	missing := filepath.Join(t.TempDir(), "no", "parent")
	for name, dir := range map[string]string{"a file": file, "below a file": filepath.Join(file, "x"), "no parent": missing} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := diskblob.New(diskblob.Config{Dir: dir})
			if err == nil || !strings.Contains(err.Error(), dir) {
				t.Errorf("got %v, want an error that names %s", err, dir)
			}
		})
	}
	if _, err := diskblob.New(diskblob.Config{}); err == nil {
		t.Error("no folder: got no error")
	}
}

func TestNewRefusesAFolderItCannotWrite(t *testing.T) {
	t.Parallel()
	if os.Geteuid() == 0 {
		t.Skip("root may write everywhere")
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	if _, err := diskblob.New(diskblob.Config{Dir: dir}); err == nil || !strings.Contains(err.Error(), dir) {
		t.Errorf("got %v, want an error that names %s", err, dir)
	}
}

func TestNoKeyEscapesThroughASymbolicLink(t *testing.T) {
	t.Parallel()
	outside, dir := t.TempDir(), t.TempDir()
	secret := filepath.Join(outside, "secret")
	if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	b := open(t, dir)
	for link, to := range map[string]string{"file": secret, "folder+": outside} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	for _, key := range []string{"file", "folder/secret"} {
		if f, err := b.Open(t.Context(), key); err == nil {
			_ = f.Close()
			t.Errorf("Open(%q) followed the link", key)
		}
		if _, err := b.Stat(t.Context(), key); err == nil {
			t.Errorf("Stat(%q) followed the link", key)
		}
	}
	if _, err := b.Put(t.Context(), "folder/new", strings.NewReader("x")); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("Put through a link: got %v, want fault.Unavailable", err)
	}
	put(t, b, "file", "mine") // takes the place of the link
	if raw, err := os.ReadFile(secret); string(raw) != "secret" || err != nil {
		t.Errorf("the file outside holds %q, %v", raw, err)
	}
	if got := files(t, outside); len(got) != 1 {
		t.Errorf("files outside: %q", got)
	}
}

func TestLeftoversAreSwept(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put(t, open(t, dir), "keep/me", "x")
	for _, name := range []string{"~put-crashed", "keep+/~put-crashed"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
		old := time.Now().Add(-25 * time.Hour)
		if err := os.Chtimes(filepath.Join(dir, name), old, old); err != nil {
			t.Fatal(err)
		}
	}
	// Another process may have a put under way.
	if err := os.WriteFile(filepath.Join(dir, "~put-young"), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	b := open(t, dir)
	if got, want := files(t, dir), []string{filepath.Join("keep+", "me"), "~put-young"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if info, err := b.Stat(t.Context(), "keep/me"); err != nil || info.Bytes != 1 {
		t.Errorf("the finished file: got %+v, %v", info, err)
	}
}

// endless gives n bytes and notes how many it was asked for at once.
type endless struct{ n, most int }

func (e *endless) Read(p []byte) (int, error) {
	e.most = max(e.most, len(p))
	if e.n == 0 {
		return 0, io.EOF
	}
	n := min(len(p), e.n)
	e.n -= n
	return n, nil
}

func TestPutReadsInSmallSteps(t *testing.T) {
	t.Parallel()
	b := open(t, t.TempDir())
	src := &endless{n: 16 << 20}
	if n, err := b.Put(t.Context(), "big", src); n != 16<<20 || err != nil {
		t.Errorf("got %d, %v", n, err)
	}
	if src.most > 1<<20 {
		t.Errorf("Put asked for %d bytes at once, so its memory grows with the file", src.most)
	}
}

func TestAFailedPutLeavesNoFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b := open(t, dir)
	boom := errors.New("boom")
	_, err := b.Put(t.Context(), "k", io.MultiReader(strings.NewReader("half"), errorReader{boom}))
	if !errors.Is(err, boom) {
		t.Errorf("got %v, want %v", err, boom)
	}
	if got := files(t, dir); len(got) != 0 {
		t.Errorf("files left behind: %q", got)
	}
}

type errorReader struct{ err error }

func (e errorReader) Read([]byte) (int, error) { return 0, e.err }
