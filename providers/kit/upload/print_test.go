package upload_test

import (
	"testing"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/upload"
)

// TestPrint: what was kept of a published post must still fit.
func TestPrint(t *testing.T) {
	t.Parallel()
	boat := social.Media{MIME: "image/png", Bytes: 1200, Width: 40, Height: 30, Name: "boat.png", Alt: "A red boat."}
	sea := social.Media{MIME: "image/jpeg", Bytes: 900, Name: "sea.jpg"}
	other := boat
	other.Alt = "A boat."
	for want, got := range map[string][]string{
		"e3b0c44298fc": {upload.Print("", nil)},
		"8030404398e6": {upload.Print("post\n", nil)},
		"5223e3fc9fd8": {upload.Print("", []social.Media{boat, sea}), upload.Print("", []social.Media{other, sea})},
		"d47ac9705d01": {upload.Print("", []social.Media{sea, boat})},
	} {
		for _, s := range got {
			if s != want {
				t.Errorf("got %s, want %s", s, want)
			}
		}
	}
}
