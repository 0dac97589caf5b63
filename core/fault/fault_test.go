package fault_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/crierhq/crier/core/fault"
)

func TestIsComparesKindAndCode(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		err, target error
		want        bool
	}{
		"same kind":             {fault.New(fault.NotFound, "post_not_found", "x"), fault.ErrNotFound, true},
		"other kind":            {fault.New(fault.Conflict, "x", "x"), fault.ErrNotFound, false},
		"same code":             {fault.New(fault.Conflict, "a", "x"), &fault.Error{Kind: fault.Conflict, Code: "a"}, true},
		"other code":            {fault.New(fault.Conflict, "a", "x"), &fault.Error{Kind: fault.Conflict, Code: "b"}, false},
		"same code, other kind": {fault.New(fault.Stale, "a", "x"), &fault.Error{Kind: fault.Conflict, Code: "a"}, false},
		"bare is not with code": {fault.ErrConflict, &fault.Error{Kind: fault.Conflict, Code: "a"}, false},
		"wrapped":               {fmt.Errorf("post 1: %w", fault.Missing("post")), fault.ErrNotFound, true},
		"joined":                {errors.Join(errors.New("x"), fault.Missing("post")), fault.ErrNotFound, true},
		"no fault":              {errors.New("x"), fault.ErrNotFound, false},
		"target is no fault":    {fault.ErrNotFound, errors.New("x"), false},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := errors.Is(tc.err, tc.target); got != tc.want {
				t.Errorf("got %t, want %t", got, tc.want)
			}
		})
	}
}

func TestKindOf(t *testing.T) {
	t.Parallel()
	if got := fault.KindOf(nil); got != "" {
		t.Errorf("nil: got %q, want nothing", got)
	}
	if got := fault.KindOf(errors.New("x")); got != fault.Internal {
		t.Errorf("no fault: got %q, want internal", got)
	}
	for _, k := range fault.Kinds() {
		if got := fault.KindOf(fmt.Errorf("a: %w", fmt.Errorf("b: %w", fault.New(k, "c", "m")))); got != k {
			t.Errorf("got %q, want %q", got, k)
		}
	}
	sorted := slices.Sorted(slices.Values(fault.Kinds()))
	if len(slices.Compact(sorted)) != len(fault.Kinds()) {
		t.Error("a kind is listed twice")
	}
}

func TestTheCauseIsReachable(t *testing.T) {
	t.Parallel()
	cause := errors.New("disk")
	err := fmt.Errorf("upload: %w", &fault.Error{Kind: fault.Unavailable, Message: "Later.", Err: cause})
	if !errors.Is(err, cause) {
		t.Error("the cause is lost")
	}
	e, ok := errors.AsType[*fault.Error](err)
	if !ok || e.Message != "Later." || strings.Contains(e.Message, "disk") {
		t.Errorf("got %+v, want the fault with a message of its own", e)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	// A nil *Error in an error would not be nil.
	if err := fault.Check(nil); err != nil {
		t.Errorf("got %v, want nil", err)
	}
	if err := fault.Check([]fault.Problem{}); err != nil {
		t.Errorf("got %v, want nil", err)
	}
	problems := []fault.Problem{{Field: "a", Rule: "r", Message: "m"}, {Field: "b[1]", Rule: "s", Message: "n"}}
	err := fault.Check(problems)
	e, ok := errors.AsType[*fault.Error](err)
	if !ok || e.Kind != fault.Invalid || e.Code != "validation_failed" || !slices.Equal(e.Problems, problems) {
		t.Fatalf("got %+v, want both problems", err)
	}
	for _, want := range []string{"invalid", "validation_failed", "a: m", "b[1]: n"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got log text %q, want it to say %q", err, want)
		}
	}
}

func TestMissingNamesTheThing(t *testing.T) {
	t.Parallel()
	err := fault.Missing("post")
	if err.Kind != fault.NotFound || err.Code != "post_not_found" || err.Message != "There is no such post." {
		t.Errorf("got %+v", err)
	}
	if got := fault.New(fault.TooMany, "slow", "Wait %d s.", 5).Error(); got != "too_many: slow: Wait 5 s." {
		t.Errorf("got %q", got)
	}
}
