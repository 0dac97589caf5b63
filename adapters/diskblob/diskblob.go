// Package diskblob keeps files in a folder of this machine.
//
// The folder belongs to one program at a time. No key reaches outside of it,
// not even through a symbolic link that somebody put there. The file system
// must tell upper from lower case, and keep the times of files.
package diskblob

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"time"

	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/blob"
)

// Config says where the files are.
type Config struct {
	// Dir is the folder. It is made if it is not there; its parent must be.
	Dir string
}

// Bucket implements blob.Bucket.
type Bucket struct {
	root *os.Root
}

var _ blob.Bucket = (*Bucket)(nil)

// tempMark starts the names of files that are being written. No key has it.
const tempMark = "~put-"

// abandoned is the age from which a temporary file counts as left behind:
// another process may have a put under way in the same folder.
const abandoned = 24 * time.Hour

// New opens the folder, checks that it can be written, and removes what puts
// left behind that a crash cut off. The caller closes the Bucket.
func New(cfg Config) (*Bucket, error) {
	if cfg.Dir == "" {
		return nil, errors.New("diskblob: a folder for the files is needed")
	}
	if err := os.Mkdir(cfg.Dir, 0o750); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("diskblob: the folder for the files cannot be made: %w", err)
	}
	root, err := os.OpenRoot(cfg.Dir)
	if err != nil {
		return nil, fmt.Errorf("diskblob: the folder for the files cannot be opened: %w", err)
	}
	b := &Bucket{root: root}
	if err := b.ready(); err != nil {
		return nil, errors.Join(fmt.Errorf("diskblob: the folder %s for the files cannot be used: %w", cfg.Dir, err), root.Close())
	}
	return b, nil
}

// ready proves that the folder can be written, and tidies it.
func (b *Bucket) ready() error {
	f, name, err := b.temp(".")
	if err != nil {
		return err
	}
	_, err = f.WriteString("ready")
	info, statErr := f.Stat()
	if err := errors.Join(err, statErr, f.Sync(), f.Close(), b.root.Remove(name)); err != nil {
		return err
	}
	// The file system's own clock dates the others, too.
	return b.sweep(info.ModTime().Add(-abandoned))
}

// sweep removes the files of puts that began before the given time and never
// ended.
func (b *Bucket) sweep(before time.Time) error {
	return fs.WalkDir(b.root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() || !strings.HasPrefix(d.Name(), tempMark) {
			return nil
		}
		info, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil // its put has ended
		}
		if err != nil || info.ModTime().After(before) {
			return err
		}
		return b.root.Remove(name)
	})
}

// Close lets go of the folder.
func (b *Bucket) Close() error { return b.root.Close() }

// Put implements blob.Bucket. The bytes are on the disk when it returns.
func (b *Bucket) Put(ctx context.Context, key string, r io.Reader) (int64, error) {
	name, err := pathOf(key)
	if err != nil {
		return 0, err
	}
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	made, err := b.makeDir(path.Dir(name))
	if err != nil {
		return 0, unavailable(err)
	}
	f, temp, err := b.temp(path.Dir(name))
	if err != nil {
		return 0, unavailable(err)
	}
	n, err := b.fill(ctx, f, r)
	if err == nil {
		err = wrap(b.root.Rename(temp, name))
	}
	if err != nil {
		_ = b.root.Remove(temp)
		return 0, err
	}
	// If the disk fails at this very point the new bytes are seen although it
	// is an error; a crash then brings back the old ones or the new ones.
	return n, wrap(b.syncDirs(path.Dir(name), made))
}

// fill writes all of r to f and closes it. An error of r comes back as it is.
func (b *Bucket) fill(ctx context.Context, f *os.File, r io.Reader) (int64, error) {
	src := &reader{ctx: ctx, r: r}
	n, err := io.Copy(f, src)
	switch {
	case src.err != nil:
		err = src.err
	case err != nil:
		err = unavailable(err)
	default:
		err = wrap(f.Sync())
	}
	if errClose := f.Close(); err == nil {
		err = wrap(errClose)
	}
	if err == nil {
		err = ctx.Err()
	}
	return n, err
}

// temp makes a file in dir that no key can name.
func (b *Bucket) temp(dir string) (*os.File, string, error) {
	name := path.Join(dir, tempMark+rand.Text())
	f, err := b.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o640)
	return f, name, err
}

// makeDir makes dir and reports whether it had to.
func (b *Bucket) makeDir(dir string) (bool, error) {
	if _, err := b.root.Stat(dir); err == nil {
		return false, nil
	}
	return true, b.root.MkdirAll(dir, 0o750)
}

// syncDirs puts the entry of a file in dir on the disk and, where the folders
// are new, their own entries as well.
func (b *Bucket) syncDirs(dir string, made bool) error {
	for {
		if err := b.syncDir(dir); err != nil {
			return err
		}
		if !made || dir == "." {
			return nil
		}
		dir = path.Dir(dir)
	}
}

// Open implements blob.Bucket.
func (b *Bucket) Open(_ context.Context, key string) (io.ReadSeekCloser, error) {
	name, err := pathOf(key)
	if err != nil {
		return nil, err
	}
	f, err := b.root.Open(name)
	if err != nil {
		return nil, wrap(err)
	}
	return f, nil
}

// Stat implements blob.Bucket.
func (b *Bucket) Stat(_ context.Context, key string) (blob.Info, error) {
	name, err := pathOf(key)
	if err != nil {
		return blob.Info{}, err
	}
	info, err := b.root.Stat(name)
	if err != nil {
		return blob.Info{}, wrap(err)
	}
	return describe(key, info), nil
}

// Delete implements blob.Bucket. Folders stay.
func (b *Bucket) Delete(_ context.Context, key string) error {
	name, err := pathOf(key)
	if err != nil {
		return err
	}
	err = b.root.Remove(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return unavailable(err)
	}
	return wrap(b.syncDir(path.Dir(name)))
}

func describe(key string, info fs.FileInfo) blob.Info {
	return blob.Info{Key: key, Bytes: info.Size(), ModifiedAt: info.ModTime().UTC()}
}

// reader ends with its context, and remembers its own error so that it is told
// apart from one of the disk.
type reader struct {
	ctx context.Context
	r   io.Reader
	err error
}

func (r *reader) Read(p []byte) (int, error) {
	if r.err = r.ctx.Err(); r.err != nil {
		return 0, r.err
	}
	n, err := r.r.Read(p)
	if err != nil && err != io.EOF {
		r.err = err
	}
	return n, err
}

// wrap gives an error of the disk its meaning; nil stays nil.
func wrap(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrNotExist):
		return fault.Missing("file")
	default:
		return unavailable(err)
	}
}

func unavailable(err error) error {
	return &fault.Error{
		Kind: fault.Unavailable, Code: "files_unavailable",
		Message: "The place where files are kept cannot be used at the moment.", Err: err,
	}
}
