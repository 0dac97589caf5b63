package firstrun_test

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/crierhq/crier/apps/internal/firstrun"
	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/testkit/enginetest"
)

func TestWithoutFeedsItSaysSo(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	var out bytes.Buffer
	firstrun.Run(t.Context(), e.Engine, firstrun.Config{URL: "http://localhost:3000", DataDir: "data", Out: &out})
	if !strings.Contains(out.String(), "The first steps did not work") || !strings.Contains(out.String(), "password") {
		t.Errorf("got %s, want the account, and what did not work", &out)
	}
}

func TestClosedRegistrationIsLeftAlone(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t, func(c *core.Config) { c.Registration = core.RegistrationClosed })
	var out bytes.Buffer
	firstrun.Run(t.Context(), e.Engine, firstrun.Config{URL: "http://localhost:3000", Out: &out})
	if !strings.Contains(out.String(), "Registration is closed") || strings.Contains(out.String(), "e-mail") {
		t.Errorf("got %s, want only that registration is closed", &out)
	}
}

func TestItEndsWithItsContext(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out bytes.Buffer
	firstrun.Run(ctx, e.Engine, firstrun.Config{Out: &out, Delay: time.Hour})
	if strings.Contains(out.String(), "did not work") {
		t.Errorf("got %s, want no complaint about being stopped", &out)
	}
}
