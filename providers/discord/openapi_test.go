package discord_test

import (
	"os"
	"testing"

	"github.com/crierhq/crier/testkit/vendorspec"
)

// TestCasesFollowTheSpecification holds the requests to
// https://github.com/discord/discord-api-spec.
func TestCasesFollowTheSpecification(t *testing.T) {
	t.Parallel()
	for _, cases := range []string{"testdata/bot", "testdata/webhook"} {
		vendorspec.Cases(t, os.DirFS(cases), []string{"discord.com/api/v10/", "!discord.com/api/v10/oauth2/token"}, "discord.openapi.json")
	}
}
