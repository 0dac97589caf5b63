package main

import (
	"errors"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/crierhq/crier/apps/internal/mutant"
)

// patch is a mistake put into the engine on purpose: in file, every old text is
// replaced by its new one.
type patch struct {
	file string
	edit [][2]string
}

// rare names the mistakes that few worlds show, with a seed to begin at. Another
// one is found from there if the engine has changed so much that it does not.
var rare = map[string]uint64{
	"takes a duplicate for a failure":            0x837,
	"does not look again when it begins":         0x2cf,
	"counts the dedupe window from the last try": 0x144,
	"sends for an intent that is old":            0xa0,
	"looks for ever":                             0x5f,
	"takes another post for the lost one":        0x280,
}

// mutants are the mistakes, each of which the simulation must notice.
func mutants() map[string]patch {
	const (
		publisher = "core/publish/publisher.go"
		record    = "core/publish/record.go"
		commit    = "core/publish/commit.go"
		step      = "core/publish/step.go"
		verify    = "core/publish/verify.go"
		another   = "core/publish/another.go"
		decide    = "core/publish/decide.go"
	)
	return map[string]patch{
		"sends without an intent on record": {step, [][2]string{
			{"if err := p.intend(ctx, j, cur, first); err != nil {\n\t\treturn false, err\n\t}\n\treturn p.send(", "j.intended = p.now()\n\treturn p.send("},
		}},
		"tries again after a lost answer": {decide, [][2]string{{"social.CodeOutcomeUnknown: ActVerify", "social.CodeOutcomeUnknown: ActRetry"}}},
		"takes a duplicate for a failure": {decide, [][2]string{{"social.CodeDuplicate:      ActAdopt", "social.CodeDuplicate:      ActFail"}}},
		"forgets whose lease it is":       {commit, [][2]string{{"if d.Lease.Token != j.d.Lease.Token {", "if false {"}}},
		"ignores the late window":         {publisher, [][2]string{{"late := now.After(j.deadline()) && j.d.Open == \"\"", "late := false"}}},
		"trusts a second call's refusal": {step, [][2]string{
			{"return p.refusedAgain(ctx, j, social.AsError(err))", "return p.refused(ctx, j, social.AsError(err))"},
		}},
		"sends again where nothing deduplicates": {verify, [][2]string{
			{"if dedupe <= 0 || open.Ref", "if open.Ref"}, {"return dedupe == social.DedupeForever ||", "return true ||"},
		}},
		"sends again after the platform has forgotten": {verify, [][2]string{{"return dedupe == social.DedupeForever ||", "return true ||"}}},
		"counts the dedupe window from the last try": {verify, [][2]string{
			{"return dedupe == social.DedupeForever || now.Add(2*p.pol.CallTimeout).Before(first.Add(dedupe))", "return dedupe == social.DedupeForever || now.Before(open.StartedAt.Add(dedupe))"},
		}},
		"does not record what was accepted": {step, [][2]string{
			{"func (p *Publisher) accept(ctx context.Context, j *job, out social.Outcome) (bool, error) {\n", "func (p *Publisher) accept(ctx context.Context, j *job, out social.Outcome) (bool, error) {\n\tif j.d.Looks > 0 {\n\t\treturn false, nil\n\t}\n"},
		}},
		"does not end the attempt": {commit, [][2]string{{"if e.res != nil && e.ended != \"\" {", "if false {"}}},
		"records a change without its event": {commit, [][2]string{
			{"states := []domain.DeliveryState{e.out.State}\n", "if e.out.State == domain.DeliveryMissed {\n\t\t\tcontinue\n\t\t}\n\t\tstates := []domain.DeliveryState{e.out.State}\n"},
		}},
		"tells of changes that were none":      {commit, [][2]string{{"es = turned(es)\n\tvar shared", "var shared"}}},
		"sends for an intent that is old":      {step, [][2]string{{"left := j.intended.Add(p.pol.CallTimeout).Sub(p.now())", "left := p.pol.CallTimeout"}}},
		"records a result twice":               {commit, [][2]string{{"if e.res != nil && e.opens == nil && j.recorded(d) {", "if false {"}}},
		"lets others look while a call is out": {record, [][2]string{{"d.Hold(now.Add(p.hold(j)))", ""}}},
		"gives endless processing up as failed": {step, [][2]string{
			{"return p.record(ctx, j, func(d *domain.Delivery) error { return d.Doubt(r, now) }, nil)", "return p.record(ctx, j, func(d *domain.Delivery) error { return d.Fail(r, now) }, nil)"},
		}},
		"waits for endless processing": {step, [][2]string{{"if !j.d.Bound.IsZero() && now.After(j.d.Bound) {", "if false {"}}},
		"gives a lost answer up as failed": {verify, [][2]string{
			{"return p.record(ctx, j, func(d *domain.Delivery) error { return d.Doubt(r, now) }, res)", "return p.record(ctx, j, func(d *domain.Delivery) error { return d.Fail(r, now) }, res)"},
		}},
		"takes another post for the lost one": {another, [][2]string{
			{"p.taken(ctx, j, ref); taken || err != nil {", "p.taken(ctx, j, ref); err != nil {"},
		}},
		"looks for ever":                   {verify, [][2]string{{"if j.d.Looks+1 >= p.pol.Looks {", "if false {"}}},
		"hangs replies on the first item":  {publisher, [][2]string{{"out.Root, out.Parent = j.d.Parts[0].Ref, j.d.Parts[i-1].Ref", "out.Root, out.Parent = j.d.Parts[0].Ref, j.d.Parts[0].Ref"}}},
		"forgets the delay between items":  {step, [][2]string{{"delay = items[next].Delay", "delay = 0 * items[next].Delay"}}},
		"never looks at what is blocked":   {publisher, [][2]string{{"if again.Before(until) {\n\t\treturn again\n\t}\n\treturn until", "_, _ = until, again\n\treturn time.Time{}"}}},
		"uses a new key for every attempt": {publisher, [][2]string{{"t.Key = domain.AttemptKey(j.d.ID, j.d.Current(), j.d.Revision)", "t.Key = domain.AttemptKey(j.d.ID, j.d.Current(), j.d.Revision+j.d.Attempts)"}}},
		"lets an empty token replace the old": {"core/channel/renew.go", [][2]string{
			{"fresh.Refresh = cred.Refresh", "fresh.Refresh = \"\""},
		}},
		"forgets the gap between two posts":    {commit, [][2]string{{"if gap := p.gap(e.j); gap > 0 && e.opens != nil {", "if gap := p.gap(e.j); gap < 0 {"}}},
		"does two things at once on a channel": {"core/domain/lane.go", [][2]string{{"if d != nil && at.Before(l.Held) {", "if false {"}}},
		"begins in the order of writing": {"adapters/memstore/data.go", [][2]string{
			{"return key{string(d.Channel), micros(d.DueAt), string(d.ID)}, d.Leads()", "return key{string(d.Channel), micros(d.CreatedAt), string(d.ID)}, d.Leads()"},
		}},
		"claims before the time": {"core/publish/worker.go", [][2]string{
			{"Owner: w.cfg.Owner, Now: now, Until", "Owner: w.cfg.Owner, Now: now.Add(time.Second), Until"},
		}},
		"comments on nothing":            {"core/publish/follow.go", [][2]string{{"it.Root, it.Parent = &ref, &ref", "if it.Root, it.Parent = &ref, &ref; !j.reposts() {\n\t\tit.Root, it.Parent = nil, nil\n\t}"}}},
		"publishes what it reposts":      {"core/publish/follow.go", [][2]string{{"if !j.reposts() {\n\t\treturn j.pf", "if true {\n\t\treturn j.pf"}}},
		"forgets what follows":           {commit, [][2]string{{"if e.out.State != domain.DeliveryPublished {\n\t\t\tcontinue", "if e.out.Looks == 0 {\n\t\t\tcontinue"}}},
		"publishes what is paused":       {"core/publish/hold.go", [][2]string{{"if what, p := j.paused(); p.Active() {", "if what, p := j.paused(); p.Active() && j.who == \" \" {"}}},
		"publishes what nobody approved": {"core/publish/hold.go", [][2]string{{"if j.needsApproval() {", "if false {"}}},
		"does not look again when it begins": {commit, [][2]string{
			{"func(e *entry) bool { return !e.begins })", "func(*entry) bool { return true })"},
		}},
		"lets a rejected post out": {"core/domain/approval.go", [][2]string{
			{"return p.Approval.State == ApprovalApproved && p.Approval.Hash", "return p.Approval.State != ApprovalRequested && p.Approval.Hash"},
		}},
		"withdraws what is on its way": {"core/domain/delivery.go", [][2]string{
			{"if d.Begun() || d.Open != \"\" {\n\t\treturn fault.New(fault.Conflict, \"too_late\",\n\t\t\t\"It is too late to withdraw", "if d.State == DeliveryPublishing {\n\t\td.State = DeliveryPreparing\n\t}\n\tif d.Begun() {\n\t\treturn fault.New(fault.Conflict, \"too_late\",\n\t\t\t\"It is too late to withdraw"},
		}},
	}
}

// TestMutantsAreNoticed builds the simulation with one mistake at a time in the
// engine, and runs it.
func TestMutantsAreNoticed(t *testing.T) {
	t.Parallel()
	slots := make(chan struct{}, 2) // each build uses what processors there are
	for name, p := range mutants() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			slots <- struct{}{}
			defer func() { <-slots }()
			bin := build(t, p.shared())
			begin := time.Now()
			out, err := exec.CommandContext(t.Context(), bin, "-n", "20000", "-seed", strconv.FormatUint(max(rare[name], 1), 10)).CombinedOutput()
			exit, failed := errors.AsType[*exec.ExitError](err)
			if !failed || exit.ExitCode() != 1 || !strings.Contains(string(out), "\nBROKEN (") {
				t.Fatalf("the mistake was not noticed (%v):\n%s", err, out)
			}
			_, what, _ := strings.Cut(string(out), "\nBROKEN ")
			what, _, _ = strings.Cut(what, "\n")
			replay(t, bin, string(out), what)
			t.Logf("noticed after %s: %s", time.Since(begin).Round(time.Millisecond), what)
		})
	}
}

// replay runs the seed that out names again: the same must go wrong.
func replay(t *testing.T, bin, out, what string) {
	t.Helper()
	_, rest, _ := strings.Cut(out, "make sim SEED=")
	seed, _, found := strings.Cut(rest, " N=0\n")
	if !found {
		t.Fatalf("the output does not say how to run it again:\n%s", out)
	}
	again, err := exec.CommandContext(t.Context(), bin, "-seed", seed, "-n", "0").CombinedOutput()
	if err == nil || !strings.Contains(string(again), "\nBROKEN "+what+"\n") {
		t.Errorf("seed %s broke another promise the second time (%v), want %s", seed, err, what)
	}
}

// TestPatchThatDoesNotFitFails holds the list to account: a mistake whose place
// in the engine is gone proves nothing.
func TestPatchThatDoesNotFitFails(t *testing.T) {
	t.Parallel()
	if _, err := (patch{"core/publish/step.go", [][2]string{{"no such text", ""}}}).shared().Apply("../../.."); err == nil {
		t.Error("got no error for a text that is not there")
	}
	for name, p := range mutants() {
		if _, err := p.shared().Apply("../../.."); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// shared is the mistake as package mutant knows it.
func (p patch) shared() mutant.Patch { return mutant.Patch{File: p.file, Edit: p.edit} }

// build compiles this command with a mistake, if p has one.
func build(t *testing.T, p mutant.Patch) (bin string) {
	t.Helper()
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	bin = filepath.Join(dir, "sim")
	args := []string{"build", "-ldflags=-s -w", "-o", bin}
	if p.File != "" {
		overlay, err := p.Flag(root, dir)
		if err != nil {
			t.Fatal(err)
		}
		args = append(args, overlay)
	}
	cmd := exec.CommandContext(t.Context(), "go", append(args, "./apps/internal/sim")...)
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("it does not compile: %v\n%s", err, out)
	}
	return bin
}
