package storetest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/store"
)

// kind is what the checks that are the same for all aggregates need to know of
// one.
type kind[T any] struct {
	name string
	// keys points at the fields that name a row and its tenant; org is nil for
	// what has no tenant, version where nothing counts.
	keys func(v *T) (id *string, org *domain.OrganizationID, version *int)
	// insert stores v. get finds what insert stored as v.
	insert func(ctx context.Context, r store.Repos, v T) error
	get    func(ctx context.Context, r store.Repos, v T) (T, error)
	// update is nil for what never changes.
	update func(ctx context.Context, r store.Repos, v T, change func(*T) error) (T, error)
	// many is nil where rows change one by one only.
	many manyFunc[T]
	// counter is a number that an update can count up.
	counter func(v *T) *string
	// once marks what get takes away.
	once bool
}

func kindChecks() []Check {
	var out []Check
	for _, k := range kinds() {
		out = append(out, k.checks()...)
	}
	return out
}

// anyKind is a kind of any type.
type anyKind interface {
	// called is the name of the kind.
	called() string
	checks() []Check
	// put stores a new row and returns a look at whether it is there.
	put(b *bench, r store.Repos) (there func(store.Repos) (bool, error), err error)
	// putIn is put for an organization; ok is false where the kind has none.
	putIn(b *bench, o domain.OrganizationID) (there func(store.Repos) (bool, error), ok bool)
}

func (k kind[T]) called() string { return k.name }

func (k kind[T]) checks() []Check {
	named := func(name string, run func(*bench)) Check { return Check{Name: k.name + "/" + name, run: run} }
	out := []Check{
		named("keeps every field", k.keepsEveryField),
		named("keeps nothing as nothing", k.keepsNothing),
		named("keeps empty values", k.keepsEmpty),
		named("keeps extremes", k.keepsExtremes),
		named("shares nothing with the caller", k.sharesNothing),
		named("names what is not there", k.notFound),
		named("refuses a second row with the same id", k.conflict),
		named("refuses text that cannot be stored", k.refusesBadText),
	}
	if k.hasOrg() {
		out = append(out, named("keeps tenants apart", k.tenants))
	}
	if k.update != nil {
		out = append(out,
			named("update keeps every field", k.updateKeepsEveryField),
			named("update guards identity", k.updateGuardsIdentity),
			named("update with an error changes nothing", k.updateFails),
			named("parallel updates all land", k.parallelUpdates),
		)
	}
	if k.many != nil {
		out = append(out, k.manyChecks()...)
	}
	return out
}

func (k kind[T]) hasOrg() bool {
	var v T
	_, org, _ := k.keys(&v)
	return org != nil
}

// new makes a row with every field set.
func (k kind[T]) new(b *bench) T {
	var v T
	n := b.next()
	fill(&v, n)
	k.identify(&v, n)
	return v
}

// identify gives v keys of its own.
func (k kind[T]) identify(v *T, n int) {
	id, org, version := k.keys(v)
	*id = fmt.Sprintf("%s-%04d", k.name, n)
	if org != nil {
		*org = ours
	}
	if version != nil {
		*version = 1
	}
}

func (k kind[T]) put(b *bench, r store.Repos) (func(store.Repos) (bool, error), error) {
	v := k.new(b)
	there := func(r store.Repos) (bool, error) {
		_, err := k.get(b, r, v)
		if errors.Is(err, fault.ErrNotFound) {
			return false, nil
		}
		return err == nil, err
	}
	return there, k.insert(b, r, v)
}

func (k kind[T]) putIn(b *bench, o domain.OrganizationID) (func(store.Repos) (bool, error), bool) {
	v := k.new(b)
	_, org, _ := k.keys(&v)
	if org == nil {
		return nil, false
	}
	*org = o
	b.must(k.insert(b, b, v), "insert "+k.name)
	return func(r store.Repos) (bool, error) {
		_, err := k.get(b, r, v)
		if errors.Is(err, fault.ErrNotFound) {
			return false, nil
		}
		return err == nil, err
	}, true
}

// stored inserts v and reads it back.
func (k kind[T]) stored(b *bench, v T) T {
	b.must(k.insert(b, b, v), "insert")
	return must2[T](b, "get")(k.get(b, b, v))
}

func (b *bench) same(what string, got, want any) {
	for _, d := range diff(got, want) {
		b.errorf("%s: %s", what, d)
	}
}

func (k kind[T]) keepsEveryField(b *bench) {
	v := k.new(b)
	b.same("after insert and get", k.stored(b, v), v)
}

func (k kind[T]) keepsNothing(b *bench) {
	var v T
	k.identify(&v, b.next())
	b.same("a row with nothing set", k.stored(b, v), v)
}

func (k kind[T]) keepsEmpty(b *bench) {
	var v T
	hollow(reflect.ValueOf(&v).Elem())
	k.identify(&v, b.next())
	b.same("a row with empty values", k.stored(b, v), v)
}

func (k kind[T]) keepsExtremes(b *bench) {
	for _, far := range []time.Time{
		time.Date(1969, 12, 31, 23, 59, 59, 999999999, time.UTC),
		time.Date(1, 1, 1, 0, 0, 0, 1000, time.UTC),
		time.Date(9999, 12, 31, 23, 59, 59, 999999000, time.UTC),
		time.Date(2026, 10, 25, 2, 30, 0, 0, time.FixedZone("west", -9*3600)),
	} {
		v := k.new(b)
		stretch(reflect.ValueOf(&v).Elem(), far)
		k.identify(&v, b.next())
		b.same("a row with "+far.Format(time.RFC3339Nano), k.stored(b, v), v)
	}
}

// stretch sets every time to far, every 64-bit number to its greatest value
// and every text to a long one.
func stretch(v reflect.Value, far time.Time) {
	switch {
	case v.Type() == timeType:
		v.Set(reflect.ValueOf(far))
	case v.Kind() == reflect.Int64:
		v.SetInt(1<<63 - 1)
	case v.Kind() == reflect.Int:
		v.SetInt(1<<31 - 1)
	case v.Kind() == reflect.String:
		// Short enough for an index of any database.
		v.SetString(v.String() + strings.Repeat("long ", 60))
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			stretch(v.Field(i), far)
		}
	case v.Kind() == reflect.Slice && v.Type() != jsonType:
		for i := range v.Len() {
			stretch(v.Index(i), far)
		}
	}
}

func (k kind[T]) sharesNothing(b *bench) {
	v, want := k.new(b), *new(T)
	fill(&want, b.n)
	k.identify(&want, b.n)
	b.must(k.insert(b, b, v), "insert")
	scribble(reflect.ValueOf(&v).Elem())
	got := must2[T](b, "get")(k.get(b, b, want))
	b.same("after the caller changed what it had inserted", got, want)
	if k.once {
		return
	}
	scribble(reflect.ValueOf(&got).Elem())
	b.same("after the caller changed what it had got", must2[T](b, "get")(k.get(b, b, want)), want)
	if k.update == nil {
		return
	}
	var kept *T
	got = must2[T](b, "update")(k.update(b, b, want, func(v *T) error { kept = v; return nil }))
	scribble(reflect.ValueOf(kept).Elem())
	scribble(reflect.ValueOf(&got).Elem())
	now := must2[T](b, "get")(k.get(b, b, want))
	_, _, version := k.keys(&now)
	if version != nil {
		*version = 1
	}
	b.same("after the caller changed what an update gave it", now, want)
}

func (k kind[T]) notFound(b *bench) {
	v := k.new(b)
	if _, err := k.get(b, b, v); !errors.Is(err, fault.ErrNotFound) {
		b.errorf("get of a row that is not there: got error %v, want fault.ErrNotFound", err)
	}
	if k.update == nil {
		return
	}
	_, err := k.update(b, b, v, func(*T) error { b.errorf("change was called for a row that is not there"); return nil })
	if !errors.Is(err, fault.ErrNotFound) {
		b.errorf("update of a row that is not there: got error %v, want fault.ErrNotFound", err)
	}
}

func (k kind[T]) conflict(b *bench) {
	if k.name == "document" || k.name == "secret" || k.name == "job" {
		return // storing again is what their own checks look at
	}
	v, second := k.new(b), k.new(b)
	b.must(k.insert(b, b, v), "insert")
	oldID, _, _ := k.keys(&v)
	newID, _, _ := k.keys(&second)
	*newID = *oldID
	if k.name == "member" || k.name == "event" {
		second = v
	}
	if err := k.insert(b, b, second); !errors.Is(err, fault.ErrConflict) {
		b.errorf("insert of an id that exists: got error %v, want fault.ErrConflict", err)
	}
	b.same("after the second insert", must2[T](b, "get")(k.get(b, b, v)), v)
}

// refusesBadText holds stores to the least that all databases take.
func (k kind[T]) refusesBadText(b *bench) {
	for name, bad := range map[string]string{"a NUL": "a\x00b", "broken UTF-8": "a\xffb"} {
		v := k.new(b)
		spoil(reflect.ValueOf(&v).Elem(), bad)
		err := k.insert(b, b, v)
		if got := fault.KindOf(err); got != fault.Invalid {
			b.errorf("insert of text with %s: got error %v, want a fault of kind invalid", name, err)
		}
	}
}

// spoil puts bad into the last text of v, however deep.
func spoil(v reflect.Value, bad string) bool {
	switch v.Kind() {
	case reflect.String:
		v.SetString(bad)
		return true
	case reflect.Struct:
		for i := v.NumField() - 1; i >= 0; i-- {
			if v.Type() != timeType && spoil(v.Field(i), bad) {
				return true
			}
		}
	case reflect.Slice:
		if v.Len() > 0 && v.Type() != jsonType {
			return spoil(v.Index(v.Len()-1), bad)
		}
	case reflect.Pointer:
		return spoil(v.Elem(), bad)
	case reflect.Map:
		v.SetMapIndex(reflect.ValueOf("bad"), reflect.ValueOf(bad))
		return true
	default:
	}
	return false
}

func (k kind[T]) tenants(b *bench) {
	v := k.new(b)
	b.must(k.insert(b, b, v), "insert")
	other := v
	_, org, _ := k.keys(&other)
	*org = theirs
	if got, err := k.get(b, b, other); !errors.Is(err, fault.ErrNotFound) {
		b.errorf("get for another organization: got %+v and error %v, want fault.ErrNotFound", got, err)
	}
	if k.update == nil {
		return
	}
	_, err := k.update(b, b, other, func(*T) error {
		b.errorf("change was given the row of another organization")
		return nil
	})
	if !errors.Is(err, fault.ErrNotFound) {
		b.errorf("update for another organization: got error %v, want fault.ErrNotFound", err)
	}
	b.same("after another organization tried to change it", must2[T](b, "get")(k.get(b, b, v)), v)
}

func (k kind[T]) updateKeepsEveryField(b *bench) {
	v := k.new(b)
	b.must(k.insert(b, b, v), "insert")
	want := k.new(b)
	id, org, version := k.keys(&want)
	oldID, oldOrg, _ := k.keys(&v)
	if *id = *oldID; org != nil {
		*org = *oldOrg
	}
	if version != nil {
		*version = 2
	}
	got := must2[T](b, "update")(k.update(b, b, v, func(v *T) error { *v = want; return nil }))
	b.same("what update returned", got, want)
	b.same("what get returned after update", must2[T](b, "get")(k.get(b, b, v)), want)

	var zero T
	id, org, version = k.keys(&zero)
	if *id = *oldID; org != nil {
		*org = *oldOrg
	}
	if version != nil {
		*version = 3
	}
	got = must2[T](b, "update")(k.update(b, b, v, func(v *T) error { *v = zero; return nil }))
	b.same("what update to nothing returned", got, zero)
	b.same("what get returned after update to nothing", must2[T](b, "get")(k.get(b, b, v)), zero)
}

func (k kind[T]) updateGuardsIdentity(b *bench) {
	v := k.new(b)
	b.must(k.insert(b, b, v), "insert")
	got := must2[T](b, "update")(k.update(b, b, v, func(v *T) error {
		id, org, version := k.keys(v)
		if *id = "somebody-else"; org != nil {
			*org = theirs
		}
		if version != nil {
			*version = 99
		}
		return nil
	}))
	want := v
	if _, _, version := k.keys(&want); version != nil {
		*version = 2
	}
	b.same("what an update returned that changed the identity", got, want)
	b.same("what get returned after it", must2[T](b, "get")(k.get(b, b, v)), want)
}

var errWanted = errors.New("the caller changed its mind")

func (k kind[T]) updateFails(b *bench) {
	v := k.new(b)
	b.must(k.insert(b, b, v), "insert")
	_, err := k.update(b, b, v, func(v *T) error {
		*k.counter(v) = "half done"
		scribble(reflect.ValueOf(v).Elem())
		return errWanted
	})
	if err != errWanted { //nolint:errorlint // it must come back as it is
		b.errorf("error of change: got %v, want the very error it returned", err)
	}
	b.same("after an update with an error", must2[T](b, "get")(k.get(b, b, v)), v)
}

// parallelUpdates makes every update depend on the one before it.
func (k kind[T]) parallelUpdates(b *bench) {
	const n = 20
	v := k.new(b)
	*k.counter(&v) = ""
	b.must(k.insert(b, b, v), "insert")
	b.parallel(n, func(i int) {
		add := func(ctx context.Context, r store.Repos) error {
			_, err := k.update(ctx, r, v, func(v *T) error { *k.counter(v) += "+"; return nil })
			return err
		}
		var err error
		if i%2 == 0 {
			err = add(b, b)
		} else {
			err = b.InTx(b, add)
		}
		if err != nil {
			b.errorf("parallel update: got error %q, want none", err)
		}
	})
	got := must2[T](b, "get")(k.get(b, b, v))
	if landed := len(*k.counter(&got)); landed != n {
		b.errorf("%d of %d parallel updates landed", landed, n)
	}
	if _, _, version := k.keys(&got); version != nil && *version != n+1 {
		b.errorf("version after %d updates: got %d, want %d", n, *version, n+1)
	}
}
