package diskblob

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/crierhq/crier/ports/blob"
)

// List implements blob.Bucket. It reads only the folders that it needs, and
// needs memory for the names in the largest of them.
func (b *Bucket) List(ctx context.Context, prefix, after string, limit int) ([]blob.Info, error) {
	l := &listing{b: b, prefix: prefix, after: after, limit: limit}
	if limit <= 0 {
		return nil, nil
	}
	if err := l.walk(ctx, ".", ""); err != nil {
		return nil, err
	}
	return l.out, nil
}

// listing is one List under way.
type listing struct {
	b             *Bucket
	prefix, after string
	limit         int
	out           []blob.Info
}

// entry is a file, or a folder of keys that start with its key and a slash.
type entry struct {
	key  string // a folder's ends in a slash, so that sorting puts it right
	path string
	dir  bool
}

// walk adds the keys in dir, all of which start with base.
func (l *listing) walk(ctx context.Context, dir, base string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	entries, err := l.read(dir, base)
	if err != nil {
		return err
	}
	slices.SortFunc(entries, func(x, y entry) int { return strings.Compare(x.key, y.key) })
	for _, e := range entries {
		if len(l.out) == l.limit {
			return nil
		}
		if e.dir {
			err = l.walk(ctx, e.path, e.key)
		} else {
			err = l.add(e)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (l *listing) add(e entry) error {
	info, err := l.b.root.Stat(e.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // deleted since the folder was read
	}
	if err != nil {
		return unavailable(err)
	}
	l.out = append(l.out, describe(e.key, info))
	return nil
}

// read lists what dir has that can matter.
func (l *listing) read(dir, base string) ([]entry, error) {
	names, err := l.names(dir)
	if err != nil {
		return nil, err
	}
	var out []entry
	for _, d := range names {
		e := entry{key: base + d.Name(), path: path.Join(dir, d.Name()), dir: d.IsDir()}
		if !e.dir {
			out = l.addFile(out, e, d)
			continue
		}
		if out, err = l.addDir(out, e); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// addFile adds a file that is asked for, and is one of ours.
func (l *listing) addFile(out []entry, e entry, d fs.DirEntry) []entry {
	ours := d.Type().IsRegular() && !strings.ContainsFunc(d.Name(), notKeyRune)
	if ours && e.key > l.after && strings.HasPrefix(e.key, l.prefix) {
		return append(out, e)
	}
	return out
}

// addDir adds a folder. One that only makes room for a long name is read as if
// its content was beside it, because its keys sort among the others there.
func (l *listing) addDir(out []entry, e entry) ([]entry, error) {
	if base, more := strings.CutSuffix(e.key, moreMark); more && l.mayHold(base) {
		rest, err := l.read(e.path, base)
		return append(out, rest...), err
	}
	if base, slash := strings.CutSuffix(e.key, slashMark); slash && l.mayHold(base+"/") {
		e.key = base + "/"
		return append(out, e), nil
	}
	return out, nil
}

func (l *listing) names(dir string) ([]fs.DirEntry, error) {
	d, err := l.b.root.Open(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, unavailable(err)
	}
	names, err := d.ReadDir(-1)
	if err := errors.Join(err, d.Close()); err != nil {
		return nil, unavailable(err)
	}
	return names, nil
}

// mayHold reports whether keys that start with base can belong to the list.
func (l *listing) mayHold(base string) bool {
	if !strings.HasPrefix(base, l.prefix) && !strings.HasPrefix(l.prefix, base) {
		return false
	}
	// All keys that start with base sort before after if base does and is no
	// start of it.
	return base > l.after || strings.HasPrefix(l.after, base)
}
