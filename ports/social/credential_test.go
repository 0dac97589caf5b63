package social_test

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/crierhq/crier/ports/social"
)

func TestCredentialNeverPrints(t *testing.T) {
	t.Parallel()
	c := social.Credential{Access: "s3cret", Refresh: "s3cret"}
	var b strings.Builder
	slog.New(slog.NewTextHandler(&b, nil)).Info("x", "cred", c, "target", social.Target{Credential: c})
	for _, v := range []any{c, &c, social.Target{Credential: c}} {
		fmt.Fprintf(&b, "%v %+v %#v %s\n", v, v, v, v)
	}
	if strings.Contains(b.String(), "s3cret") {
		t.Errorf("a credential was printed:\n%s", b.String())
	}
}
