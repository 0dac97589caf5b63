package process_test

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"

	"github.com/crierhq/crier/apps/internal/process"
)

// TestStopWhileStarting: a program that is told to stop before it has started
// ends well, for nothing is wrong with it.
func TestStopWhileStarting(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	p := process.Program{Name: "worker", Environ: []string{"DATA_DIR=" + t.TempDir()}, ReadFile: os.ReadFile, Stdout: &out, Stderr: &out}
	cfg, err := p.Config()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if code := p.Main(ctx, cfg, process.Options{Work: true, HealthOnly: true}); code != process.ExitOK {
		t.Errorf("got exit code %d, want %d; it said: %s", code, process.ExitOK, out.String())
	}
	if !strings.Contains(out.String(), "stopped while it was starting") {
		t.Errorf("it said %q, want that it stopped", out.String())
	}
}
