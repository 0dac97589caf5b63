// Package simulation runs the whole engine in a made-up world and breaks
// everything around it: processes die and stall, the database fails before and
// after a commit, platforms lose answers, people edit and cancel at the worst
// moment. All of it follows from one number, so whatever goes wrong can be run
// again exactly as it was. After each run it holds the promises of delivery
// against what the platforms saw, the ledger and the events.
//
// Nothing here waits: the clock is a variable, and at any time one goroutine
// runs. A life is one post with all that becomes of it.
//
// Workers are driven by Tick. Run waits by timers and works on many deliveries
// at once, in goroutines of its own; testing/synctest could stand in for the
// timers inside a test, but not in a program, and not for which goroutine comes
// first, so a seed would not give the same world again. The kill test drives Run.
package simulation

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/crierhq/crier/adapters/memstore"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/ports/store"
)

// Options change what is simulated. The zero value of every field is its
// default.
type Options struct {
	// Store returns the store of one run. Default: a new memstore. A store may
	// serve several runs one after the other, if their seeds differ.
	Store func() store.Store
	// WrapProvider replaces each provider that a process gets. Default: it stays
	// as it is.
	WrapProvider func(social.Provider) social.Provider
	// Trace keeps what happened, also when nothing is wrong.
	Trace bool
}

// Report is what became of one run.
type Report struct {
	Seed uint64
	// Lives counts the posts.
	Lives int
	// Steps counts the moments at which something could have gone wrong.
	Steps int
	// Ends counts the deliveries by the state that they came to rest in.
	Ends map[domain.DeliveryState]int
	// Happened counts what was done to the engine, by name, such as "crash".
	Happened map[string]int
	// Violations are the promises that were broken; none is what you want.
	Violations []Violation
	// Trace is what happened, in order, for people. It is there if it was asked
	// for or if a promise was broken.
	Trace []string
}

// Violation is one broken promise.
type Violation struct {
	// Rule is the promise.
	Rule Rule
	// At is when it was noticed.
	At time.Time
	// What says what is wrong, in a sentence.
	What string
}

// String is the violation in one line.
func (v Violation) String() string { return fmt.Sprintf("(%s) %s", v.Rule, v.What) }

// Rule names a promise.
type Rule string

// The promises.
const (
	// RuleOnce: no item is accepted twice unless a person asked for it.
	RuleOnce Rule = "once"
	// RuleEnds: every delivery comes to a final or attention state in time.
	RuleEnds Rule = "ends"
	// RuleLedger: the ledger explains every state.
	RuleLedger Rule = "ledger"
	// RuleTime: nothing goes out before its time or after its late window.
	RuleTime Rule = "time"
	// RuleEvents: the events of a post are complete and in order.
	RuleEvents Rule = "events"
	// RuleOrder: a reply goes out after the item before it, and below it.
	RuleOrder Rule = "order"
	// RulePace: a channel does one thing at a time, begins in due order, and keeps
	// its gap.
	RulePace Rule = "pace"
	// RuleCanceled: a canceled delivery never sends.
	RuleCanceled Rule = "canceled"
	// RuleHeld: nothing begins while its channel, its organization or the
	// installation is paused, or while its content needs an approval that it does
	// not have.
	RuleHeld Rule = "held"
	// RuleFollows: what follows a post acts on it, once for each of its rules, and
	// never publishes anything by itself.
	RuleFollows Rule = "follows"
	// RuleReplay: the same seed does the same again.
	RuleReplay Rule = "replay"
)

// Run simulates one world with up to a dozen posts. A run that breaks a promise
// is done again with a trace, which also shows that it can be replayed.
func Run(seed uint64, o Options) Report {
	r := run(seed, o, o.Trace)
	if len(r.Violations) == 0 || o.Trace || o.Store != nil {
		return r
	}
	again := run(seed, o, true)
	if !slices.Equal(r.Violations, again.Violations) {
		again.Violations = append(again.Violations, Violation{
			Rule: RuleReplay, What: fmt.Sprintf("The second run broke other promises than the first, which broke: %v", r.Violations),
		})
	}
	return again
}

// String is the report for people: what is wrong, and how it came to that.
func (r Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "seed %d: %d posts, %d steps, %d broken promises\n", r.Seed, r.Lives, r.Steps, len(r.Violations))
	for _, line := range r.Trace {
		b.WriteString("  " + line + "\n")
	}
	for _, v := range r.Violations {
		fmt.Fprintf(&b, "BROKEN %s\n", v)
	}
	return b.String()
}

func (o Options) store() store.Store {
	if o.Store == nil {
		return memstore.New()
	}
	return o.Store()
}
