package xcom_test

import (
	"os"
	"testing"

	"github.com/crierhq/crier/testkit/vendorspec"
)

// TestCasesFollowTheSpecification holds the requests to https://api.x.com/2/openapi.json.
func TestCasesFollowTheSpecification(t *testing.T) {
	t.Parallel()
	vendorspec.Cases(t, os.DirFS("testdata/cases"), []string{"api.x.com/2/", "!api.x.com/2/oauth2/"}, "x.openapi.json")
}
