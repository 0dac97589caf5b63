package main

import (
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/crierhq/crier/apps/internal/mutant"
	"github.com/crierhq/crier/core/domain"
)

// patience only bounds a trial: it ends as soon as nothing moves. A delivery that
// a killed worker leaves is held for half a minute, is looked into at growing
// distances, and keeps the others of its channel waiting, which happens to some
// channel several times in a row.
const patience = 4 * time.Minute

// small is a trial for every day: what make kill does at length.
func small(t *testing.T, bin binaries) options {
	t.Helper()
	return options{
		posts: 300, channels: 60, workers: 2, seed: uint64(time.Now().UnixNano()), bin: bin, dir: t.TempDir(),
		chaos: 12 * time.Second, patience: patience, say: t.Logf,
	}
}

// made builds the programs, in a folder that the test leaves behind no trace of.
func made(t *testing.T, plain bool, flags ...string) binaries {
	t.Helper()
	bin, err := build(t.Context(), t.TempDir(), plain, flags...)
	if err != nil {
		t.Fatal(err)
	}
	return bin
}

// tried makes a trial.
func tried(t *testing.T, o options) result {
	t.Helper()
	res, err := run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s, seed %d\n%s", o.name(), o.seed, res)
	return res
}

// TestPromisesHoldForProcesses kills real processes while they publish. The
// trials run side by side: most of the time they wait for what dead processes
// have left behind.
func TestPromisesHoldForProcesses(t *testing.T) {
	t.Parallel()
	dsn := os.Getenv("TEST_POSTGRES_DSN")
	mastodon, plain := made(t, false, buildFlags...), made(t, true, buildFlags...)
	trials := []options{small(t, mastodon)}
	if dsn != "" {
		onMastodon, onPlain := small(t, mastodon), small(t, plain)
		onMastodon.dsn, onPlain.dsn, onPlain.plain = dsn, dsn, true
		trials = append(trials, onMastodon, onPlain)
	}
	var wg sync.WaitGroup
	for _, o := range trials {
		wg.Go(func() { hold(t, o) })
	}
	wg.Wait()
	if dsn == "" {
		t.Skip("NOT TESTED ON POSTGRESQL: set TEST_POSTGRES_DSN, or run it through apps/internal/devservices")
	}
}

// hold makes a trial in which no promise may be broken.
func hold(t *testing.T, o options) {
	res, err := run(t.Context(), o)
	if err != nil {
		t.Errorf("%s: %v", o.name(), err)
		return
	}
	t.Logf("%s, seed %d\n%s", o.name(), o.seed, res)
	if len(res.findings) > 0 {
		t.Errorf("%s: promises were broken, see above", o.name())
	}
	if res.chaos.kills == 0 || res.chaos.freezes == 0 || o.dsn != "" && res.chaos.ended == 0 {
		t.Errorf("%s: got %d kills, %d freezes and %d connections ended, want some", o.name(), res.chaos.kills, res.chaos.freezes, res.chaos.ended)
	}
	if o.plain && res.states[domain.DeliveryUnknown] == 0 {
		t.Errorf("%s: got nothing unknown, want some: answers were dropped that nothing can make up for", o.name())
	}
}

// TestLiesAreNoticed has the platform take some requests twice.
func TestLiesAreNoticed(t *testing.T) {
	t.Parallel()
	o := small(t, made(t, true))
	o.plain, o.lies, o.posts, o.chaos = true, true, 30, 0
	if res := tried(t, o); !strings.Contains(strings.Join(res.findings, "\n"), "DOUBLE: post #") {
		t.Error("the double was not noticed")
	}
}

// mistakes are what the trials must notice, each with what is found then.
func mistakes() map[string]struct {
	patch mutant.Patch
	// chaos is how long it takes to show it; 0: nothing needs to be killed.
	chaos time.Duration
	want  string
} {
	const step, decide = "core/publish/step.go", "core/publish/decide.go"
	return map[string]struct {
		patch mutant.Patch
		chaos time.Duration
		want  string
	}{
		"sends before the intent is on record": {mutant.Patch{File: step, Edit: [][2]string{
			{"if err := p.intend(ctx, j, cur, first); err != nil {", "j.intended = p.now()\n\tearly, earlyErr := p.call(ctx, j, t, it)\n" +
				"\tctx = context.WithValue(ctx, p, func() (social.Outcome, error) { return early, earlyErr })\n" +
				"\tif err := p.intend(ctx, j, cur, first); err != nil {"},
			{"out, err := p.call(ctx, j, t, it)", "var out social.Outcome\n\tvar err error\n" +
				"\tif sent, ok := ctx.Value(p).(func() (social.Outcome, error)); ok {\n\t\tout, err = sent()\n\t} else {\n\t\tout, err = p.call(ctx, j, t, it)\n\t}"},
		}}, 7 * time.Second, "DOUBLE: "},
		"tries again after a lost answer": {mutant.Patch{File: decide, Edit: [][2]string{
			{"social.CodeOutcomeUnknown: ActVerify", "social.CodeOutcomeUnknown: ActRetry"},
		}}, 0, "DOUBLE: "},
		"takes a refusal for a success": {mutant.Patch{File: step, Edit: [][2]string{
			{"case err != nil && again:", "case social.CodeOf(err) == social.CodeRateLimited:\n\t\treturn p.accept(ctx, j, social.Published(domain.Ref{ID: \"1\", URL: \"https://example.org/1\"}))\n\tcase err != nil && again:"},
		}}, 0, "was never accepted"},
	}
}

// TestMistakesAreNoticed builds Crier with one mistake at a time, and tries it.
func TestMistakesAreNoticed(t *testing.T) {
	t.Parallel()
	root, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	root = strings.TrimSuffix(root, "/apps/internal/killtest")
	for name, tc := range mistakes() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			overlay, err := tc.patch.Flag(root, t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			o := small(t, made(t, true, overlay))
			// What was killed late is left behind: the mistake shows before.
			o.plain, o.posts, o.chaos, o.patience = true, 200, tc.chaos, 10*time.Second
			if res := tried(t, o); !strings.Contains(strings.Join(res.findings, "\n"), tc.want) {
				t.Errorf("the mistake was not noticed, want %q", tc.want)
			}
		})
	}
}
