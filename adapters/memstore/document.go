package memstore

import (
	"context"
	"encoding/json"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/store"
)

type documents repos

func documentID(space, key string) string { return join(space, key) }

func (r documents) Put(ctx context.Context, d domain.Document) (domain.Document, error) {
	return query(ctx, r.run, func(t *tx) (domain.Document, error) {
		id := documentID(d.Space, d.Key)
		if old, err := t.documents.get(id); err == nil {
			return old, nil
		}
		if err := t.documents.insert(t, d); err != nil {
			return domain.Document{}, err
		}
		return t.documents.get(id)
	})
}

func (r documents) Replace(ctx context.Context, d domain.Document) error {
	return r.run(ctx, func(t *tx) error {
		id := documentID(d.Space, d.Key)
		if _, ok := t.documents.rows[id]; !ok {
			return fault.ErrNotFound
		}
		d, err := own(d)
		if err != nil {
			return err
		}
		t.documents.write(t, id, &d)
		return nil
	})
}

func (r documents) Get(ctx context.Context, space, key string) (domain.Document, error) {
	return query(ctx, r.run, func(t *tx) (domain.Document, error) {
		return t.documents.get(documentID(space, key))
	})
}

func (r documents) List(ctx context.Context, space string, limit int) ([]domain.Document, error) {
	return query(ctx, r.run, func(t *tx) ([]domain.Document, error) {
		var out []domain.Document
		for k := range t.spaces.down(before(space, store.Position{})) {
			if k.group != space || len(out) >= limit {
				break
			}
			out = append(out, clone(t.documents.rows[documentID(space, k.id)]))
		}
		return out, nil
	})
}

func (r documents) Delete(ctx context.Context, space, key string) error {
	return r.run(ctx, func(t *tx) error {
		if id := documentID(space, key); t.has(id) {
			t.documents.write(t, id, nil)
		}
		return nil
	})
}

func (t *tx) has(document string) bool {
	_, ok := t.documents.rows[document]
	return ok
}

type secrets repos

type secret struct{ name, sealed string }

func (r secrets) Get(ctx context.Context, name string) (string, error) {
	return query(ctx, r.run, func(t *tx) (string, error) {
		s, ok := t.secrets.rows[name]
		if !ok {
			return "", fault.ErrNotFound
		}
		return s.sealed, nil
	})
}

func (r secrets) Set(ctx context.Context, name, sealed string) error {
	return r.run(ctx, func(t *tx) error {
		s, err := own(secret{name, sealed})
		if err != nil {
			return err
		}
		t.secrets.write(t, name, &s)
		return nil
	})
}

type settings repos

type setting struct {
	name  string
	Value json.RawMessage
}

func (r settings) Get(ctx context.Context, name string) (json.RawMessage, error) {
	return query(ctx, r.run, func(t *tx) (json.RawMessage, error) {
		s, err := t.settings.get(name)
		return s.Value, err
	})
}

func (r settings) Set(ctx context.Context, name string, value json.RawMessage) error {
	return r.run(ctx, func(t *tx) error {
		s, err := own(setting{name, value})
		if err != nil {
			return err
		}
		t.settings.write(t, name, &s)
		return nil
	})
}
