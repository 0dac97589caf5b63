package social_test

import (
	"slices"
	"testing"

	"github.com/crierhq/crier/ports/social"
)

func TestProblemsKeepsWhatIsBad(t *testing.T) {
	t.Parallel()
	var ps social.Problems
	ps.Add(false, "text", "required", "A post needs a text.")
	ps.Add(true, "media[2]", "too_large", "A photo has at most %d pixels.", 1080)
	want := social.Problems{{Field: "media[2]", Rule: "too_large", Message: "A photo has at most 1080 pixels."}}
	if !slices.Equal(ps, want) {
		t.Errorf("got %+v, want %+v", ps, want)
	}
}
