package instagram_test

import (
	"os"
	"testing"

	"github.com/crierhq/crier/testkit/vendorspec"
)

// TestCasesFollowTheSpecification holds the requests to the nodes of Meta's own
// code generator: https://github.com/facebook/facebook-business-sdk-codegen.
func TestCasesFollowTheSpecification(t *testing.T) {
	t.Parallel()
	vendorspec.Cases(t, os.DirFS("testdata/cases"), []string{"graph.facebook.com/", "!graph.facebook.com/v25.0/oauth/"},
		"meta/IGUser.json", "meta/IGMedia.json", "meta/User.json", "meta/InsightsResult.json")
}
