package domain_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/crierhq/crier/core/domain"
)

// notContent are the fields of a post that an approval does not cover: when it
// is due and how often, who wrote it, and what is noted about it.
var notContent = []string{
	"ID", "Organization", "Author", "State", "DueAt", "Zone", "Wall", "Tags", "Approval", "Revision", "CreatedAt", "UpdatedAt", "Version",
	"Recurrence", "ExpandAt", "ExpandedTo", "Queued",
}

func hashed() domain.Post {
	return domain.Post{
		Items: []domain.Item{{Text: "one", Media: []domain.Attachment{{Media: "m1", Alt: "alt"}}, Delay: time.Second}, {Text: "two"}},
		Targets: []domain.Target{
			{Channel: "a", Settings: json.RawMessage(`{"x":1,"y":[2]}`), Items: []domain.Item{{Text: "only here", Media: []domain.Attachment{{Media: "m2"}}}}},
			{Channel: "b"},
		},
		After: []domain.After{{Do: domain.ActionComment, Channel: "a", Delay: time.Hour, Likes: 5, Watch: time.Hour, Text: "and"}},
	}
}

// leaf is one value of a post, by its path.
type leaf struct {
	path  string
	value reflect.Value
}

// leaves lists all that v holds, however deep.
func leaves(v reflect.Value, path string) []leaf {
	var out []leaf
	switch {
	case v.Type() == reflect.TypeFor[json.RawMessage](), v.Type() == reflect.TypeFor[time.Time]():
		return []leaf{{path, v}}
	case v.Kind() == reflect.Struct:
		for f, fv := range v.Fields() {
			out = append(out, leaves(fv, path+"."+f.Name)...)
		}
	case v.Kind() == reflect.Slice:
		out = append(out, leaf{path + ".len", v})
		for i := range v.Len() {
			out = append(out, leaves(v.Index(i), path+"[]")...)
		}
	default:
		return []leaf{{path, v}}
	}
	return out
}

// change gives v another value than it has.
func change(t *testing.T, v reflect.Value) {
	t.Helper()
	switch {
	case v.Type() == reflect.TypeFor[json.RawMessage]():
		v.Set(reflect.ValueOf(json.RawMessage(`{"x":2}`)))
	case v.Type() == reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)))
	case v.Kind() == reflect.String:
		v.SetString(v.String() + "!")
	case v.Kind() == reflect.Int || v.Kind() == reflect.Int64:
		v.SetInt(v.Int() + 1)
	case v.Kind() == reflect.Bool:
		v.SetBool(!v.Bool())
	case v.Kind() == reflect.Slice:
		v.Set(reflect.Append(v, reflect.Zero(v.Type().Elem())))
	default:
		t.Fatalf("the test cannot change a %s: teach it to", v.Type())
	}
}

func TestEveryPieceOfContentChangesTheHash(t *testing.T) {
	t.Parallel()
	base := hashed()
	for f := range reflect.TypeFor[domain.Post]().Fields() {
		if slices.Contains(notContent, f.Name) {
			continue
		}
		n := len(leaves(reflect.ValueOf(&base).Elem().FieldByName(f.Name), f.Name))
		if n < 2 {
			t.Errorf("%s is not in hashed() of this test; fill it in, or list it in notContent if it is never published", f.Name)
		}
		for i := range n {
			p := hashed()
			l := leaves(reflect.ValueOf(&p).Elem().FieldByName(f.Name), f.Name)[i]
			change(t, l.value)
			if p.ContentHash() == base.ContentHash() {
				t.Errorf("%s changed and the hash did not: put it into what ContentHash covers", l.path)
			}
		}
	}
}

func TestMovingAPostKeepsItsHash(t *testing.T) {
	t.Parallel()
	base := hashed()
	for f := range reflect.TypeFor[domain.Post]().Fields() {
		if !slices.Contains(notContent, f.Name) || f.Type.Kind() == reflect.Pointer {
			continue
		}
		p := hashed()
		change(t, leaves(reflect.ValueOf(&p).Elem().FieldByName(f.Name), f.Name)[0].value)
		if got, want := p.ContentHash(), base.ContentHash(); got != want {
			t.Errorf("%s: got another hash, want the same", f.Name)
		}
	}
}

func TestTheHashIsCanonical(t *testing.T) {
	t.Parallel()
	base := hashed()
	same := hashed()
	slices.Reverse(same.Targets)
	same.Targets[0].Items = []domain.Item{}
	same.Targets[1].Settings = json.RawMessage(" {\n\"y\": [2] , \"x\":1 }")
	if got, want := same.ContentHash(), base.ContentHash(); got != want {
		t.Errorf("the same content in another order: got %s, want %s", got, want)
	}
	// Approvals that are stored hold hashes of this form; a change of it needs
	// another version, and withdraws them all.
	if got, want := (domain.Post{}).ContentHash(), "1:67368c73c4893a7cba837d45f2bbe9e679b0a83f5b608748d691fdfd62cf2c87"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	settings := func(text string) string {
		return domain.Post{Targets: []domain.Target{{Channel: "a", Settings: json.RawMessage(text)}}}.ContentHash()
	}
	for name, pair := range map[string][2]string{
		"big numbers":      {`{"n":12345678901234567890}`, `{"n":12345678901234567891}`},
		"no JSON":          {`{`, `[`},
		"nothing and null": {``, `{}`},
		"more after it":    {`{} 1`, `{} 2`},
	} {
		if settings(pair[0]) == settings(pair[1]) {
			t.Errorf("%s: %s and %s have the same hash", name, pair[0], pair[1])
		}
	}
}

func TestWhatNeedsAnApproval(t *testing.T) {
	t.Parallel()
	p := hashed()
	right, wrong := p.ContentHash(), "1:something else"
	for name, tc := range map[string]struct {
		a        domain.Approval
		required bool
		want     bool
	}{
		"nobody asks":                   {domain.Approval{}, false, false},
		"the organization asks":         {domain.Approval{}, true, true},
		"approved":                      {domain.Approval{State: domain.ApprovalApproved, Hash: right}, true, false},
		"approved and reviewed":         {domain.Approval{State: domain.ApprovalApproved, Hash: right, Review: true}, true, false},
		"approved as it was":            {domain.Approval{State: domain.ApprovalApproved, Hash: wrong}, true, true},
		"approved as it was, no matter": {domain.Approval{State: domain.ApprovalApproved, Hash: wrong}, false, false},
		"a review was asked for":        {domain.Approval{State: domain.ApprovalRequested, Hash: right, Review: true}, false, true},
		"rejected":                      {domain.Approval{State: domain.ApprovalRejected, Hash: right, Review: true}, false, true},
		"rejected, required":            {domain.Approval{State: domain.ApprovalRejected, Hash: right}, true, true},
	} {
		p.Approval = tc.a
		if got := p.Approval.Wanted(tc.required) && !p.Approved(); got != tc.want {
			t.Errorf("%s: got %t, want %t", name, got, tc.want)
		}
	}
}

func TestAPauseBeginsAndEndsOnce(t *testing.T) {
	t.Parallel()
	var p domain.Pause
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	if p.Active() || p.End() {
		t.Error("what was never paused is paused")
	}
	if !p.Begin("ann", "Storm.", now) || !p.Active() || p != (domain.Pause{By: "ann", At: now, Reason: "Storm."}) {
		t.Errorf("got %+v", p)
	}
	if p.Begin("bob", "", now) || p.By != "ann" {
		t.Errorf("it began twice: %+v", p)
	}
	if !p.End() || p.Active() {
		t.Errorf("got %+v", p)
	}
}
