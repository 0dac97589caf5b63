package bluesky_test

import (
	"os"
	"testing"

	"github.com/crierhq/crier/testkit/vendorspec"
)

// TestCasesFollowTheLexicons holds the requests to
// https://github.com/bluesky-social/atproto/tree/main/lexicons.
func TestCasesFollowTheLexicons(t *testing.T) {
	t.Parallel()
	vendorspec.Cases(t, os.DirFS("testdata/cases"), []string{
		"bsky.social/xrpc/", "morel.us-east.host.bsky.network/xrpc/", "video.bsky.app/xrpc/", "pds.example:8443/xrpc/", "new.example/xrpc/",
	}, "bluesky/lexicons")
}
