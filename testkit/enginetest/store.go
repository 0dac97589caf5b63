package enginetest

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/store"
)

// Watched is a store that counts what it is asked for, and fails on demand. Set
// the fields before it is used.
type Watched struct {
	store.Store
	// FailAppend, if set, is what storing an event fails with.
	FailAppend error
	// FailPing, if set, is what Ping fails with.
	FailPing error
	// FailMedia, if set, is what storing a file's facts fails with.
	FailMedia error

	queries atomic.Int64
}

// Queries is how many repositories were asked for since the last call; every
// use of one is a query.
func (w *Watched) Queries() int { return int(w.queries.Swap(0)) }

// InTx implements store.Store.
func (w *Watched) InTx(ctx context.Context, fn func(context.Context, store.Repos) error) error {
	return w.Store.InTx(ctx, func(ctx context.Context, r store.Repos) error { return fn(ctx, watchedRepos{r, w}) })
}

// Ping implements store.Store.
func (w *Watched) Ping(ctx context.Context) error {
	if w.FailPing != nil {
		return w.FailPing
	}
	return w.Store.Ping(ctx)
}

// Posts implements store.Repos.
func (w *Watched) Posts() store.Posts { w.queries.Add(1); return w.Store.Posts() }

// Deliveries implements store.Repos.
func (w *Watched) Deliveries() store.Deliveries { w.queries.Add(1); return w.Store.Deliveries() }

// Attempts implements store.Repos.
func (w *Watched) Attempts() store.Attempts { w.queries.Add(1); return w.Store.Attempts() }

// Channels implements store.Repos.
func (w *Watched) Channels() store.Channels { w.queries.Add(1); return w.Store.Channels() }

// Media implements store.Repos.
func (w *Watched) Media() store.Media { w.queries.Add(1); return w.Store.Media() }

// Organizations implements store.Repos.
func (w *Watched) Organizations() store.Organizations {
	w.queries.Add(1)
	return w.Store.Organizations()
}

type watchedRepos struct {
	store.Repos
	w *Watched
}

func (r watchedRepos) Outbox() store.Outbox { return failingOutbox{r.Repos.Outbox(), r.w.FailAppend} }
func (r watchedRepos) Media() store.Media   { return failingMedia{r.Repos.Media(), r.w.FailMedia} }

type failingOutbox struct {
	store.Outbox
	err error
}

func (o failingOutbox) Append(ctx context.Context, evs ...domain.Event) error {
	if o.err != nil {
		return o.err
	}
	return o.Outbox.Append(ctx, evs...)
}

type failingMedia struct {
	store.Media
	err error
}

func (o failingMedia) Insert(ctx context.Context, org domain.OrganizationID, m domain.Media) error {
	if o.err != nil {
		return o.err
	}
	return o.Media.Insert(ctx, org, m)
}

// Dump writes down all that v holds, unexported fields included, so that tests
// can compare a whole store before and after, or search it for a secret. Locks,
// functions and counters named seq are left out.
func Dump(v any) string {
	var b strings.Builder
	dump(&b, reflect.ValueOf(v), map[uintptr]bool{})
	return b.String()
}

func dump(b *strings.Builder, v reflect.Value, seen map[uintptr]bool) {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() || seen[v.Pointer()] {
			return
		}
		seen[v.Pointer()] = true
		dump(b, v.Elem(), seen)
	case reflect.Interface:
		dump(b, v.Elem(), seen)
	case reflect.Struct:
		dumpStruct(b, v, seen)
	case reflect.Map:
		dumpMap(b, v, seen)
	case reflect.Slice, reflect.Array:
		dumpList(b, v, seen)
	case reflect.String:
		fmt.Fprintf(b, "%q", v.String())
	case reflect.Func, reflect.Chan, reflect.Invalid, reflect.UnsafePointer:
	default:
		fmt.Fprint(b, v)
	}
}

func dumpMap(b *strings.Builder, v reflect.Value, seen map[uintptr]bool) {
	var lines []string
	for it := v.MapRange(); it.Next(); {
		var line strings.Builder
		dump(&line, it.Key(), seen)
		line.WriteString(": ")
		dump(&line, it.Value(), seen)
		lines = append(lines, line.String())
	}
	slices.Sort(lines)
	fmt.Fprintf(b, "{\n%s\n}", strings.Join(lines, "\n"))
}

func dumpList(b *strings.Builder, v reflect.Value, seen map[uintptr]bool) {
	if v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8 {
		fmt.Fprintf(b, "%q", v.Bytes()) // JSON, in which one searches for text
		return
	}
	b.WriteString("[")
	for i := range v.Len() {
		dump(b, v.Index(i), seen)
		b.WriteString(" ")
	}
	b.WriteString("]")
}

func dumpStruct(b *strings.Builder, v reflect.Value, seen map[uintptr]bool) {
	if v.Type() == reflect.TypeFor[time.Time]() {
		fmt.Fprint(b, v)
		return
	}
	b.WriteString("{")
	for i := range v.NumField() {
		if name := v.Type().Field(i).Name; name != "seq" {
			b.WriteString(name + "=")
			dump(b, v.Field(i), seen)
			b.WriteString(" ")
		}
	}
	b.WriteString("}")
}
