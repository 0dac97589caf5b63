package slack_test

import (
	"os"
	"testing"

	"github.com/crierhq/crier/testkit/vendorspec"
)

// TestCasesFollowTheVendorsDescription is about the methods that are in it: it
// is older than how files are uploaded now.
func TestCasesFollowTheVendorsDescription(t *testing.T) {
	t.Parallel()
	vendorspec.Cases(t, os.DirFS("testdata/cases"), []string{
		"slack.com/api/", "!slack.com/api/oauth.v2.access", "!slack.com/api/files.getUploadURLExternal", "!slack.com/api/files.completeUploadExternal",
	}, "slack.openapi2.json")
}
