package youtube_test

import (
	"os"
	"testing"

	"github.com/crierhq/crier/testkit/vendorspec"
)

// TestCasesFollowTheSpecification holds the requests to Google's discovery documents.
func TestCasesFollowTheSpecification(t *testing.T) {
	t.Parallel()
	vendorspec.Cases(t, os.DirFS("testdata/cases"), []string{
		"www.googleapis.com/youtube/", "www.googleapis.com/upload/youtube/",
		// Google does not describe the addresses that it names itself.
		"!www.googleapis.com/upload/youtube/v3/videos?uploadType=resumable&upload_id",
	}, "google/youtube-api.json")
	vendorspec.Cases(t, os.DirFS("testdata/cases"), []string{"youtubeanalytics.googleapis.com/"}, "google/youtubeanalytics-api.json")
}
