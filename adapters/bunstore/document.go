package bunstore

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/uptrace/bun"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
)

type documentRow struct {
	bun.BaseModel `bun:"table:crier_documents"`

	Space string `bun:"space,pk"`
	Key   string `bun:"key,pk"`
	At    int64  `bun:"made_at"`
	Data  string `bun:"data"`
}

func (r *documentRow) set(d domain.Document) {
	*r = documentRow{Space: d.Space, Key: d.Key, At: micros(d.At), Data: string(d.Data)}
}

func (r *documentRow) value() domain.Document {
	return domain.Document{Space: r.Space, Key: r.Key, At: instant(r.At), Data: raw(r.Data)}
}

type documents struct{ repos }

func (r documents) Put(ctx context.Context, d domain.Document) (domain.Document, error) {
	err := insert[documentRow](ctx, r.repos, d)
	if err != nil && !errors.Is(err, fault.ErrConflict) {
		return domain.Document{}, err
	}
	return r.Get(ctx, d.Space, d.Key)
}

func (r documents) Replace(ctx context.Context, d domain.Document) error {
	if err := storable(d); err != nil {
		return err
	}
	n, err := r.exec(ctx, `UPDATE crier_documents SET made_at = ?, data = ? WHERE space = ? AND "key" = ?`,
		micros(d.At), string(d.Data), d.Space, d.Key)
	if err == nil && n == 0 {
		return fault.ErrNotFound
	}
	return err
}

func (r documents) Get(ctx context.Context, space, key string) (domain.Document, error) {
	return get[documentRow, domain.Document](ctx, r.repos, func(q bun.QueryBuilder) bun.QueryBuilder {
		return q.Where("space = ?", space).Where(`"key" = ?`, key)
	})
}

func (r documents) List(ctx context.Context, space string, limit int) ([]domain.Document, error) {
	return list[documentRow, domain.Document](ctx, r.repos, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("space = ?", space).OrderExpr(`made_at DESC, "key" DESC`).Limit(int64(limit))
	})
}

func (r documents) Delete(ctx context.Context, space, key string) error {
	_, err := r.exec(ctx, `DELETE FROM crier_documents WHERE space = ? AND "key" = ?`, space, key)
	return err
}

type secrets struct{ repos }

func (r secrets) Get(ctx context.Context, name string) (string, error) {
	var sealed string
	err := r.st.build.NewRaw("SELECT sealed FROM crier_secrets WHERE name = ?", name).Conn(r.reader()).Scan(ctx, &sealed)
	return sealed, translate(ctx, err)
}

func (r secrets) Set(ctx context.Context, name, sealed string) error {
	if err := errors.Join(storableText(name), storableText(sealed)); err != nil {
		return err
	}
	_, err := r.exec(ctx, "INSERT INTO crier_secrets (name, sealed) VALUES (?, ?)"+
		" ON CONFLICT (name) DO UPDATE SET sealed = EXCLUDED.sealed", name, sealed)
	return err
}

type settings struct{ repos }

func (r settings) Get(ctx context.Context, name string) (json.RawMessage, error) {
	var value string
	err := r.st.build.NewRaw("SELECT value FROM crier_settings WHERE name = ?", name).Conn(r.reader()).Scan(ctx, &value)
	return raw(value), translate(ctx, err)
}

func (r settings) Set(ctx context.Context, name string, value json.RawMessage) error {
	if err := errors.Join(storableText(name), storableJSON(value)); err != nil {
		return err
	}
	_, err := r.exec(ctx, "INSERT INTO crier_settings (name, value) VALUES (?, ?)"+
		" ON CONFLICT (name) DO UPDATE SET value = EXCLUDED.value", name, string(value))
	return err
}
