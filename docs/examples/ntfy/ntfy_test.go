package ntfy_test

import (
	"os"
	"testing"

	ntfy "example.org/crier-ntfy"
	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/testkit/providertest"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	providertest.Run(t, providertest.Harness{
		New:    func(d social.Deps) (social.Provider, error) { return ntfy.New(ntfy.Config{}, d) },
		Cases:  os.DirFS("testdata/cases"),
		Golden: "testdata/settings.schema.json",
		Waive: map[string]string{
			"coverage/auth_expired": "an access token of ntfy is good or it is not; nothing renews it",
		},
	})
}
