package bluesky_test

import (
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/bluesky"
	"github.com/crierhq/crier/testkit/providertest"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	providertest.Run(t, providertest.Harness{
		New: func(d social.Deps) (social.Provider, error) {
			return bluesky.New(bluesky.Config{}, d)
		},
		Cases:  os.DirFS("testdata/cases"),
		Golden: "testdata/settings.schema.json",
	})
}

// TestVideoDirect runs the cases of an installation without a video service.
func TestVideoDirect(t *testing.T) {
	t.Parallel()
	h := providertest.Harness{
		New: func(d social.Deps) (social.Provider, error) {
			return bluesky.New(bluesky.Config{VideoDirect: true}, d)
		},
		Cases:  os.DirFS("testdata/direct"),
		Golden: "testdata/settings.schema.json",
	}
	for _, f := range providertest.Findings(t.Context(), h) {
		if f.Check == "cases" || f.Check == "harness" {
			t.Error(f)
		}
	}
}

func deps() social.Deps {
	return social.Deps{HTTP: &http.Client{}, Now: func() time.Time { return providertest.Now() }}
}

func TestNewTellsEveryProblem(t *testing.T) {
	t.Parallel()
	_, err := bluesky.New(bluesky.Config{Service: "http://pds.example", VideoService: "https://v.example/path"}, social.Deps{})
	if err == nil {
		t.Fatal("got no error, want four problems")
	}
	for _, want := range []string{"Service must be", "VideoService must be", "Deps.HTTP", "Deps.Now"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got %q, want it to name %q", err, want)
		}
	}
}
