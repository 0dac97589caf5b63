package simulation_test

import (
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/testkit/simulation"
)

// worlds is how many worlds a run of the tests sees, with some eight posts each;
// make sim sees as many as you like.
const worlds = 250

// TestEveryPromiseHolds is the short run. It also makes sure that it saw
// everything that is to be survived, and every way to end.
func TestEveryPromiseHolds(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var next atomic.Uint64
	lives, happened, ends := 0, map[string]int{}, map[domain.DeliveryState]int{}
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for seed := next.Add(1); seed <= worlds; seed = next.Add(1) {
				r := simulation.Run(seed, simulation.Options{})
				mu.Lock()
				if len(r.Violations) > 0 {
					t.Error(r)
					next.Store(worlds)
				}
				lives += r.Lives
				for what, n := range r.Happened {
					happened[what] += n
				}
				for state, n := range r.Ends {
					ends[state] += n
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	t.Logf("%d posts, deliveries %v", lives, ends)
	for _, what := range faults() {
		if happened[what] == 0 {
			t.Errorf("%q never happened", what)
		}
	}
	for _, s := range []domain.DeliveryState{
		domain.DeliveryPublished, domain.DeliveryFailed, domain.DeliveryUnknown, domain.DeliveryMissed, domain.DeliveryCanceled,
	} {
		if ends[s] < lives/100 {
			t.Errorf("only %d of %d deliveries ended %s", ends[s], lives, s)
		}
	}
}

// faults are what must have happened for a run to prove anything.
func faults() []string {
	return []string{
		"crash", "stall", "outage", "jump", "mood", "revoked", "expired", "database before", "database after",
		"answer lost", "502 after", "nonsense", "accepted late", "endless call", "endless processing", "deduped", "duplicate",
		"renewed", "renewal failed",
		"refused: rejected", "refused: unsupported", "refused: unavailable", "refused: rate_limited", "refused: quota",
		"refused: scope_missing", "refused: account_blocked", "refused: auth_expired", "refused: auth_revoked",
		"people: write: ok", "people: edit: ok", "people: edit: conflict", "people: delete: ok", "people: delete: conflict",
		"people: try again: ok", "people: it is there: ok", "people: it is not there: ok", "people: connect: ok",
		"people: disconnect: ok", "people: renew: ok",
		"reposted",
		"people: require approvals: ok", "people: ask for approval: ok", "people: ask for approval: conflict",
		"people: approve: ok", "people: reject: ok", "people: reject: conflict",
		"people: pause all: ok", "people: pause the team: ok", "people: pause a channel: ok",
		"people: resume all: ok", "people: resume the team: ok", "people: resume a channel: ok",
	}
}

// TestSameSeedSameRun holds the runs to what makes a seed worth printing.
func TestSameSeedSameRun(t *testing.T) {
	t.Parallel()
	var before []string
	for seed := range uint64(20) {
		a := simulation.Run(seed, simulation.Options{Trace: true})
		b := simulation.Run(seed, simulation.Options{Trace: true})
		if len(a.Trace) == 0 || !slices.Equal(a.Trace, b.Trace) {
			t.Errorf("seed %d: the second run was another one", seed)
		}
		if slices.Equal(a.Trace, before) {
			t.Errorf("seed %d does the same as the one before it", seed)
		}
		before = a.Trace
	}
}

func TestReportTellsTheStory(t *testing.T) {
	t.Parallel()
	r := simulation.Run(7, simulation.Options{Trace: true})
	r.Violations = []simulation.Violation{{Rule: simulation.RuleOnce, What: "It is out twice."}}
	got := r.String()
	for _, want := range []string{"seed 7: ", "1 broken promises", " ACCEPTS ", "BROKEN (once) It is out twice.\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("got a report without %q", want)
		}
	}
}
