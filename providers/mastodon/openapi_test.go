package mastodon_test

import (
	"os"
	"testing"

	"github.com/crierhq/crier/testkit/vendorspec"
)

// TestCasesFollowTheSpecification holds the requests to a description that others
// made from Mastodon's documentation: https://github.com/abraham/mastodon-openapi.
func TestCasesFollowTheSpecification(t *testing.T) {
	t.Parallel()
	vendorspec.Cases(t, os.DirFS("testdata/cases"), []string{"mastodon.social/", "!mastodon.social/oauth/", "!mastodon.social/.well-known/"}, "mastodon.openapi.json")
}
