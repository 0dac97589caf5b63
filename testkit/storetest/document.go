package storetest

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/store"
)

func documentChecks() []Check {
	return []Check{
		{"document/the first one stays", documentStays},
		{"document/is replaced and deleted", documentReplace},
		{"document/lists the newest first", documentList},
		{"secret/is replaced", secretReplace},
		{"setting/is replaced", settingReplace},
	}
}

func cmpText[S ~string](a, b S) int { return cmp.Compare(a, b) }

func document(space, key string, made time.Time, data string) domain.Document {
	return domain.Document{Space: space, Key: key, At: made, Data: []byte(data)}
}

func documentStays(b *bench) {
	first := document("s", "k", noon(), `{"v":1}`)
	b.same("first put", must2[domain.Document](b, "put")(b.Documents().Put(b, first)), first)
	second := document("s", "k", at(time.Hour), `{"v":2}`)
	b.same("second put", must2[domain.Document](b, "put")(b.Documents().Put(b, second)), first)
	b.same("get", must2[domain.Document](b, "get")(b.Documents().Get(b, "s", "k")), first)
	other := document("t", "k", noon(), `3`)
	b.same("put in another space", must2[domain.Document](b, "put")(b.Documents().Put(b, other)), other)

	got := make(chan domain.Document, 8)
	b.parallel(cap(got), func(i int) {
		d, err := b.Documents().Put(b, document("s", "race", noon(), fmt.Sprint(i)))
		if err != nil {
			b.errorf("parallel put: got error %q, want none", err)
			return
		}
		got <- d
	})
	stored := must2[domain.Document](b, "get")(b.Documents().Get(b, "s", "race"))
	close(got)
	for d := range got {
		b.same("parallel put", d, stored)
	}
}

func documentReplace(b *bench) {
	d := document("s", "k", noon(), `1`)
	if err := b.Documents().Replace(b, d); !errors.Is(err, fault.ErrNotFound) {
		b.errorf("replace of nothing: got error %v, want fault.ErrNotFound", err)
	}
	_, err := b.Documents().Put(b, d)
	b.must(err, "put")
	d.At, d.Data = at(time.Hour), []byte(`{"v":2}`)
	b.must(b.Documents().Replace(b, d), "replace")
	b.same("get after replace", must2[domain.Document](b, "get")(b.Documents().Get(b, "s", "k")), d)
	b.must(b.Documents().Delete(b, "s", "none"), "delete of nothing")
	b.must(b.Documents().Delete(b, "s", "k"), "delete")
	if _, err := b.Documents().Get(b, "s", "k"); !errors.Is(err, fault.ErrNotFound) {
		b.errorf("get after delete: got error %v, want fault.ErrNotFound", err)
	}
}

func documentList(b *bench) {
	for _, key := range tied {
		_, err := b.Documents().Put(b, document("s", key, noon(), `1`))
		b.must(err, "put")
	}
	for key, made := range map[string]time.Time{"newest": at(time.Hour), "old": at(-time.Microsecond)} {
		_, err := b.Documents().Put(b, document("s", key, made, `1`))
		b.must(err, "put")
	}
	_, err := b.Documents().Put(b, document("t", "x", noon(), `1`))
	b.must(err, "put")
	list := func(space string, limit int) []string {
		ds := must2[[]domain.Document](b, "list")(b.Documents().List(b, space, limit))
		return names(ds, func(d domain.Document) string { return d.Key })
	}
	want := []string{"newest"}
	for i := range tied {
		want = append(want, tied[len(tied)-1-i])
	}
	want = append(want, "old")
	order(b, "list", list("s", 99), want...)
	order(b, "list with a limit", list("s", 4), want[:4]...)
	order(b, "list of another space", list("t", 9), "x")
	order(b, "list of no space", list("none", 9))
}

func secretReplace(b *bench) {
	if _, err := b.Secrets().Get(b, "n"); !errors.Is(err, fault.ErrNotFound) {
		b.errorf("get of nothing: got error %v, want fault.ErrNotFound", err)
	}
	b.must(b.Secrets().Set(b, "n", "one"), "set")
	b.must(b.Secrets().Set(b, "n", "two"), "set again")
	b.must(b.Secrets().Set(b, "m", ""), "set to nothing")
	b.same("get", must2[string](b, "get")(b.Secrets().Get(b, "n")), "two")
	b.same("get of an empty one", must2[string](b, "get")(b.Secrets().Get(b, "m")), "")
	b.parallel(8, func(i int) {
		if err := b.Secrets().Set(b, "race", fmt.Sprint(i)); err != nil {
			b.errorf("parallel set: got error %q, want none", err)
		}
	})
}

func settingReplace(b *bench) {
	if _, err := b.Settings().Get(b, "n"); !errors.Is(err, fault.ErrNotFound) {
		b.errorf("get of nothing: got error %v, want fault.ErrNotFound", err)
	}
	for _, value := range []string{`{"one":1}`, `{"two":"<ü>"}`} {
		b.must(b.Settings().Set(b, "n", json.RawMessage(value)), "set")
		b.same("get", must2[json.RawMessage](b, "get")(b.Settings().Get(b, "n")), json.RawMessage(value))
	}
	b.must(b.Settings().Set(b, "m", json.RawMessage(`null`)), "set of another")
	b.same("get after another was set", must2[json.RawMessage](b, "get")(b.Settings().Get(b, "n")), json.RawMessage(`{"two":"<ü>"}`))
	if err := b.Settings().Set(b, "n", json.RawMessage("{")); fault.KindOf(err) != fault.Invalid {
		b.errorf("set to what is no JSON: got error %v, want a fault of kind Invalid", err)
	}
	err := b.InTx(b, func(ctx context.Context, r store.Repos) error {
		b.must(r.Settings().Set(ctx, "n", json.RawMessage(`3`)), "set")
		return errWanted
	})
	if !errors.Is(err, errWanted) {
		b.fatalf("InTx: got error %v, want the one of fn", err)
	}
	b.same("get after a rollback", must2[json.RawMessage](b, "get")(b.Settings().Get(b, "n")), json.RawMessage(`{"two":"<ü>"}`))
}
