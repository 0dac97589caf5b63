package publish_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/social"
)

var lost = social.Errorf(social.CodeOutcomeUnknown, "The answer was lost.")

// TestRegression03CrashAnywhere kills the process at every point between two steps, one
// point a run, with every kind of platform, and starts it again. No item may be
// accepted twice, and no delivery may be lost.
func TestRegression03CrashAnywhere(t *testing.T) {
	t.Parallel()
	lostFirst := func(n int) (bool, error) {
		if n == 1 {
			return true, lost
		}
		return true, nil
	}
	for name, tc := range map[string]struct {
		make func() *platform
		// sure says that recovery can always prove the outcome.
		sure bool
	}{
		"plain":             {func() *platform { return &platform{} }, false},
		"plain, lost":       {func() *platform { return &platform{answer: lostFirst} }, false},
		"dedupe":            {func() *platform { return &platform{dedupe: time.Hour} }, true},
		"dedupe, lost":      {func() *platform { return &platform{dedupe: time.Hour, answer: lostFirst} }, true},
		"findable":          {func() *platform { return &platform{findable: true} }, false},
		"findable, lost":    {func() *platform { return &platform{findable: true, answer: lostFirst} }, false},
		"confirms":          {func() *platform { return &platform{confirms: true, dedupe: social.DedupeForever} }, true},
		"staged":            {func() *platform { return &platform{staged: true} }, false},
		"staged, findable":  {func() *platform { return &platform{staged: true, findable: true, dedupe: time.Hour} }, true},
		"processing":        {func() *platform { return &platform{processing: 3} }, false},
		"processing, sure":  {func() *platform { return &platform{processing: 3, findable: true, dedupe: time.Hour} }, true},
		"processing staged": {func() *platform { return &platform{staged: true, processing: 2, dedupe: time.Hour} }, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for point := 1; ; point++ {
				reached := true
				synctest.Test(t, func(t *testing.T) { reached = crashAt(t, tc.make(), point, tc.sure) })
				if !reached && point < 8 {
					t.Errorf("only %d points to die at were reached", point-1)
				}
				if !reached || t.Failed() {
					return
				}
			}
		})
	}
}

// crashAt publishes a thread of two and dies at the given point. It reports
// whether that point was reached.
func crashAt(t *testing.T, p *platform, point int, sure bool) bool {
	w := newWorld(t, p)
	v := w.post("one", "two")
	n, where := 0, ""
	w.crash = func(what string) bool {
		n++
		if n == point {
			where = what
		}
		return n == point
	}
	w.settle()
	v = w.view(v.Post.ID)
	w.checkLedger(v)
	d := v.Deliveries[0]
	switch {
	case d.State == domain.DeliveryPublished:
	case d.State == domain.DeliveryUnknown && !sure:
	default:
		t.Errorf("the delivery ended %s (%s)", d.State, d.Reason.Message)
	}
	if d.State == domain.DeliveryPublished {
		texts := []string{}
		for _, a := range p.accepted() {
			texts = append(texts, a.Text)
		}
		if !slices.Equal(texts, []string{"one", "two"}) {
			t.Errorf("the platform shows %q", texts)
		}
		if got := p.accepted(); len(got) == 2 && (got[1].Parent != got[0].ID || got[1].Root != got[0].ID) {
			t.Errorf("the reply hangs on %q below %q, want %q", got[1].Parent, got[1].Root, got[0].ID)
		}
	}
	if last := fmt.Sprint("delivery.", d.State); !slices.Contains(w.events(v.Post.ID), last) {
		t.Errorf("no event %s: %v", last, w.events(v.Post.ID))
	}
	if t.Failed() {
		t.Logf("died at point %d, %s", point, where)
	}
	return n >= point
}
