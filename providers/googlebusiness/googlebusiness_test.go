package googlebusiness_test

import (
	"os"
	"strings"
	"testing"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/googlebusiness"
	"github.com/crierhq/crier/testkit/providertest"
	"github.com/crierhq/crier/testkit/vendorspec"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	providertest.Run(t, providertest.Harness{
		New: func(d social.Deps) (social.Provider, error) {
			return googlebusiness.New(googlebusiness.Config{ClientID: "id", ClientSecret: "secret"}, d)
		},
		Cases:  os.DirFS("testdata/cases"),
		Golden: "testdata/settings.schema.json",
	})
}

func TestNewReportsEveryProblemAtOnce(t *testing.T) {
	t.Parallel()
	_, err := googlebusiness.New(googlebusiness.Config{APIURL: "x y"}, social.Deps{})
	if err == nil {
		t.Fatal("got no error, want one")
	}
	for _, want := range []string{"Deps.HTTP", "Deps.Now", "Deps.NewID", "ClientID", "ClientSecret", `"x y"`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got %q, want %s in it", err, want)
		}
	}
}

// TestCasesFollowTheSpecification holds the requests to Google's discovery
// documents. There is none of version 4, which takes the posts.
func TestCasesFollowTheSpecification(t *testing.T) {
	t.Parallel()
	for file, host := range map[string]string{
		"google/mybusinessaccountmanagement-api.json":   "mybusinessaccountmanagement.googleapis.com/",
		"google/mybusinessbusinessinformation-api.json": "mybusinessbusinessinformation.googleapis.com/",
		"google/businessprofileperformance-api.json":    "businessprofileperformance.googleapis.com/",
	} {
		vendorspec.Cases(t, os.DirFS("testdata/cases"), []string{host}, file)
	}
}
