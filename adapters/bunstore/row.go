package bunstore

import (
	"context"
	"fmt"
	"reflect"
	"slices"

	"github.com/uptrace/bun"

	"github.com/crierhq/crier/core/fault"
)

// row is a table row R that carries a V of the domain.
type row[R, V any] interface {
	*R
	// set fills the row from v.
	set(v V)
	// value is what the row carries.
	value() V
}

// where narrows a query.
type where func(bun.QueryBuilder) bun.QueryBuilder

func byID[ID ~string](id ID) where {
	return func(q bun.QueryBuilder) bun.QueryBuilder { return q.Where("id = ?", string(id)) }
}

// in is byID for a row of an organization.
func in[O, ID ~string](org O, id ID) where {
	return func(q bun.QueryBuilder) bun.QueryBuilder {
		return q.Where("id = ?", string(id)).Where("organization_id = ?", string(org))
	}
}

// insert stores v, or returns fault.ErrConflict if something of it is taken.
// That does not spoil the transaction it runs in.
func insert[R, V any, P row[R, V]](ctx context.Context, r repos, v V) error {
	if err := storable(v); err != nil {
		return err
	}
	rec := P(new(R))
	rec.set(v)
	res, err := r.st.build.NewInsert().Conn(r.writer()).Model(rec).On("CONFLICT DO NOTHING").Returning("").Exec(ctx)
	if err != nil {
		return translate(ctx, err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return fault.ErrConflict
	}
	return nil
}

// insertIn is insert for a row of org. A row that says it belongs to another
// organization is not let in.
func insertIn[R, V any, P row[R, V], O ~string](ctx context.Context, r repos, org, says O, v V) error {
	if org != says {
		return fault.ErrNotFound
	}
	return insert[R, V, P](ctx, r, v)
}

// get reads one row.
func get[R, V any, P row[R, V]](ctx context.Context, r repos, w where) (V, error) {
	rec := P(new(R))
	var zero V
	if err := r.st.build.NewSelect().Conn(r.reader()).Model(rec).ApplyQueryBuilder(w).Scan(ctx); err != nil {
		return zero, translate(ctx, err)
	}
	return rec.value(), nil
}

// list reads the rows that q finds.
func list[R, V any, P row[R, V]](ctx context.Context, r repos, q func(*bun.SelectQuery) *bun.SelectQuery) ([]V, error) {
	var recs []R
	if err := q(r.st.build.NewSelect().Conn(r.reader()).Model(&recs)).Scan(ctx); err != nil {
		return nil, translate(ctx, err)
	}
	return values[R, V, P](recs), nil
}

func values[R, V any, P row[R, V]](recs []R) []V {
	if len(recs) == 0 {
		return nil
	}
	out := make([]V, len(recs))
	for i := range recs {
		out[i] = P(&recs[i]).value()
	}
	return out
}

// update loads a row, lets change work on what it carries and stores it, while
// nobody else can. keep puts back what change may not touch and counts the
// change.
func update[R, V any, P row[R, V]](ctx context.Context, r repos, w where, change func(*V) error, keep func(old V, v *V)) (V, error) {
	var out V
	err := r.joinTx(ctx, func(r repos) error {
		rec := P(new(R))
		q := r.lock(r.st.build.NewSelect().Conn(r.tx).Model(rec).ApplyQueryBuilder(w))
		if err := q.Scan(ctx); err != nil {
			return translate(ctx, err)
		}
		v := rec.value()
		old := v
		if err := change(&v); err != nil {
			return err
		}
		keep(old, &v)
		if err := storable(v); err != nil {
			return err
		}
		rec.set(v)
		if _, err := r.st.build.NewUpdate().Conn(r.tx).Model(rec).WherePK().Exec(ctx); err != nil {
			return translate(ctx, err)
		}
		out = rec.value()
		return nil
	})
	if err != nil {
		var zero V
		return zero, err
	}
	return out, nil
}

// updateUnique is update for a table in which a change may meet another row.
// PostgreSQL gives a transaction up after that, unless there is a savepoint.
func updateUnique[R, V any, P row[R, V]](ctx context.Context, r repos, w where, change func(*V) error, keep func(old V, v *V)) (V, error) {
	if r.tx == nil || r.st.dialect != Postgres {
		return update[R, V, P](ctx, r, w, change, keep)
	}
	var out V
	err := r.savepoint(ctx, func() (err error) {
		out, err = update[R, V, P](ctx, r, w, change, keep)
		return err
	})
	return out, err
}

// lock keeps others from changing the rows of q until the transaction ends.
// SQLite has one writer at a time anyway.
func (r repos) lock(q *bun.SelectQuery) *bun.SelectQuery {
	if r.st.dialect == Postgres {
		return q.For("UPDATE")
	}
	return q
}

// lockInOrder locks n rows of a table in one order for all, so that nobody who
// is about to change several of them waits in a circle.
func (r repos) lockInOrder(ctx context.Context, model any, key string, ids any, n int) error {
	if r.st.dialect != Postgres || n < 2 {
		return nil
	}
	_, err := r.st.build.NewSelect().Conn(r.tx).Model(model).ColumnExpr("1").
		Where("? IN (?)", bun.Ident(key), ids).OrderExpr("?", bun.Ident(key)).For("UPDATE").Exec(ctx)
	return translate(ctx, err)
}

// updateMany is update of those of the rows with these ids that exist in org,
// with one statement to read them and one to write them. Those that change
// refuses are left out.
func updateMany[R, V any, P row[R, V], O, ID ~string](ctx context.Context, r repos, org O, ids []ID, change func(*V) error, keep func(old V, v *V)) ([]V, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	var out []V
	err := r.joinTx(ctx, func(r repos) error {
		var recs []R
		q := r.lock(r.st.build.NewSelect().Conn(r.tx).Model(&recs).
			Where("id IN (?)", texts(ids)).Where("organization_id = ?", string(org)).OrderExpr("id"))
		if err := q.Scan(ctx); err != nil {
			return translate(ctx, err)
		}
		out = make([]V, 0, len(recs))
		changed := recs[:0]
		for _, rec := range recs {
			v := P(&rec).value()
			old := v
			if change(&v) != nil {
				continue
			}
			keep(old, &v)
			if err := storable(v); err != nil {
				return err
			}
			P(&rec).set(v)
			out, changed = append(out, P(&rec).value()), append(changed, rec)
		}
		return writeAll(ctx, r, changed)
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// writeAll stores rows that exist with one statement.
func writeAll[R any](ctx context.Context, r repos, recs []R) error {
	if len(recs) == 0 {
		return nil
	}
	table := r.st.build.Table(reflect.TypeFor[R]())
	var set []byte
	for i, f := range table.Fields {
		if f.IsPK {
			continue
		}
		if len(set) > 0 {
			set = append(set, ", "...)
		}
		value := fmt.Sprintf("v.column%d", i+1)
		if f.IndirectType != f.StructField.Type { // a column of nothing but NULL has no type by itself
			value = "CAST(" + value + " AS bigint)"
		}
		set = fmt.Appendf(set, "%s = %s", f.SQLName, value)
	}
	rows := make([]any, len(recs))
	for i := range recs {
		rec := reflect.ValueOf(&recs[i]).Elem()
		tuple := make([]any, len(table.Fields))
		for k, f := range table.Fields {
			tuple[k] = f.Value(rec).Interface()
		}
		rows[i] = bun.Tuple(tuple)
	}
	pk := table.PKs[0]
	_, err := r.exec(ctx, "UPDATE ? SET ? FROM (VALUES ?) AS v WHERE ?.? = v.?",
		table.SQLName, bun.Safe(set), bun.List(rows), table.SQLName, pk.SQLName,
		bun.Safe(fmt.Sprintf("column%d", slices.Index(table.Fields, pk)+1)))
	return err
}

// exec runs a statement that is not worth a model.
func (r repos) exec(ctx context.Context, query string, args ...any) (int64, error) {
	res, err := r.st.build.NewRaw(query, args...).Conn(r.writer()).Exec(ctx)
	if err != nil {
		return 0, translate(ctx, err)
	}
	return res.RowsAffected()
}

// texts are ids as bun takes them for an IN list: in the text of the statement,
// so that no limit of parameters applies.
func texts[ID ~string](ids []ID) any {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = string(id)
	}
	return bun.List(out)
}
