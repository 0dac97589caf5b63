package main

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/crierhq/crier/ports/store"
	"github.com/crierhq/crier/testkit/simulation"
)

// memory stands for one store in memory.
var memory = []store.Store{nil}

func TestRun(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		lives int
		want  []string
	}{
		"a campaign": {100, []string{" of 100 posts in ", "deliveries: published ", "done to it: ", "Every promise was kept.\n"}},
		"one seed":   {0, []string{"seed 5: ", "everything works from now on", ", 0 broken promises\n"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			if !run(t.Context(), &out, 5, tc.lives, memory) {
				t.Errorf("it says that a promise was broken")
			}
			for _, want := range tc.want {
				if !strings.Contains(out.String(), want) {
					t.Errorf("got %q, want it to say %q", out.String(), want)
				}
			}
		})
	}
}

func TestRunStopsWhenTold(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out bytes.Buffer
	run(ctx, &out, 1, 1_000_000_000, memory)
	if !strings.HasPrefix(out.String(), "0 of 1000000000 posts") {
		t.Errorf("got %q, want it to stop at once", out.String())
	}
}

func TestBrokenPromiseIsShownWithTheSmallestSeed(t *testing.T) {
	t.Parallel()
	c := &campaign{lives: 1}
	for _, seed := range []uint64{9, 4, 7} {
		c.add(simulation.Report{Seed: seed, Violations: []simulation.Violation{{Rule: simulation.RuleEnds, What: "It never ends."}}})
	}
	var out bytes.Buffer
	if c.tell(&out) {
		t.Error("it says that every promise was kept")
	}
	for _, want := range []string{"seed 4: ", "BROKEN (ends) It never ends.\n", "make sim SEED=4 N=0\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("got %q, want it to say %q", out.String(), want)
		}
	}
}
