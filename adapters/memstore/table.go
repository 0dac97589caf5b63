package memstore

import (
	"context"
	"errors"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
)

// table holds the rows of one kind by id, with their indexes. Rows in it are
// never changed in place and never leave it without being copied.
type table[V any] struct {
	rows    map[string]V
	id      func(V) string
	org     func(V) domain.OrganizationID // nil: no tenant
	uniques []*unique[V]
	ordered []*ordered[V]
}

// unique finds a row by something that no two rows may share.
type unique[V any] struct {
	of   func(V) string
	rows map[string]string
}

// ordered keeps the rows that it has a key for in order.
type ordered[V any] struct {
	index
	of func(V) (key, bool)
}

func newTable[V any](id func(V) string, org func(V) domain.OrganizationID) *table[V] {
	return &table[V]{rows: map[string]V{}, id: id, org: org}
}

func (tb *table[V]) unique(of func(V) string) *unique[V] {
	u := &unique[V]{of: of, rows: map[string]string{}}
	tb.uniques = append(tb.uniques, u)
	return u
}

func (tb *table[V]) order(of func(V) (key, bool)) *ordered[V] {
	o := &ordered[V]{of: of}
	tb.ordered = append(tb.ordered, o)
	return o
}

// set stores v under id, or nothing if v is nil.
func (tb *table[V]) set(id string, v *V) {
	old, had := tb.rows[id]
	for _, u := range tb.uniques {
		if had {
			delete(u.rows, u.of(old))
		}
		if v != nil {
			u.rows[u.of(*v)] = id
		}
	}
	for _, o := range tb.ordered {
		o.change(old, had, v)
	}
	if v == nil {
		delete(tb.rows, id)
		return
	}
	tb.rows[id] = *v
}

func (o *ordered[V]) change(old V, had bool, v *V) {
	var before, after key
	var in bool
	if had {
		before, had = o.of(old)
	}
	if v != nil {
		after, in = o.of(*v)
	}
	if had && in && before == after {
		return
	}
	if had {
		o.remove(before)
	}
	if in {
		o.add(after)
	}
}

// write stores v, or removes the row if v is nil, and notes the way back.
func (tb *table[V]) write(t *tx, id string, v *V) {
	if old, had := tb.rows[id]; had {
		t.undo = append(t.undo, func() { tb.set(id, &old) })
	} else {
		t.undo = append(t.undo, func() { tb.set(id, nil) })
	}
	tb.set(id, v)
}

// taken reports whether another row than id has something of v that must be
// unique.
func (tb *table[V]) taken(id string, v V) bool {
	for _, u := range tb.uniques {
		if other, ok := u.rows[u.of(v)]; ok && other != id {
			return true
		}
	}
	return false
}

func (tb *table[V]) insert(t *tx, v V) error {
	v, err := own(v)
	if err != nil {
		return err
	}
	id := tb.id(v)
	if _, ok := tb.rows[id]; ok || tb.taken(id, v) {
		return fault.ErrConflict
	}
	tb.write(t, id, &v)
	return nil
}

// insertIn is insert for a row of org. A row that says it belongs to another
// organization is not let in.
func (tb *table[V]) insertIn(t *tx, org domain.OrganizationID, v V) error {
	if tb.org(v) != org {
		return fault.ErrNotFound
	}
	return tb.insert(t, v)
}

// get returns a copy of a row.
func (tb *table[V]) get(id string) (V, error) {
	v, ok := tb.rows[id]
	if !ok {
		var zero V
		return zero, fault.ErrNotFound
	}
	return clone(v), nil
}

// getIn is get for a row of org.
func (tb *table[V]) getIn(org domain.OrganizationID, id string) (V, error) {
	v, ok := tb.rows[id]
	if !ok || tb.org(v) != org {
		var zero V
		return zero, fault.ErrNotFound
	}
	return clone(v), nil
}

// many returns copies of those of ids that exist in org, each once.
func many[V any, ID ~string](tb *table[V], org domain.OrganizationID, ids []ID) []V {
	var out []V
	seen := make(map[ID]bool, len(ids))
	for _, id := range ids {
		if seen[id] {
			continue
		}
		seen[id] = true
		if v, err := tb.getIn(org, string(id)); err == nil {
			out = append(out, v)
		}
	}
	return out
}

// update changes the row v, which get or getIn returned. keep puts back what
// change may not touch and counts the change.
func (tb *table[V]) update(t *tx, v V, change func(*V) error, keep func(old V, v *V)) (V, error) {
	var zero V
	id, old := tb.id(v), v
	v = clone(v)
	if err := change(&v); err != nil {
		return zero, err
	}
	keep(old, &v)
	row, err := own(v) // change may have kept a pointer to v
	if err != nil {
		return zero, err
	}
	if tb.taken(id, row) {
		return zero, fault.ErrConflict
	}
	tb.write(t, id, &row)
	return clone(row), nil
}

// updateMany changes the rows with these ids by update, each once. It leaves out
// those that do not exist and those that change refuses.
func updateMany[V any, ID ~string](ctx context.Context, run runner, ids []ID, change func(*V) error,
	update func(*tx, ID, func(*V) error) (V, error),
) ([]V, error) {
	return query(ctx, run, func(t *tx) ([]V, error) {
		var out []V
		err := t.atomically(func() error {
			for _, id := range sorted(ids) {
				refused := false
				v, err := update(t, id, func(v *V) error {
					err := change(v)
					refused = err != nil
					return err
				})
				switch {
				case err == nil:
					out = append(out, v)
				case !refused && !errors.Is(err, fault.ErrNotFound):
					return err
				}
			}
			return nil
		})
		return out, err
	})
}
