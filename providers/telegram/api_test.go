package telegram_test

import (
	"os"
	"testing"

	"github.com/crierhq/crier/testkit/vendorspec"
)

// TestCasesFollowTheSpecification holds the requests to an extract of
// https://core.telegram.org/bots/api.
func TestCasesFollowTheSpecification(t *testing.T) {
	t.Parallel()
	vendorspec.Cases(t, os.DirFS("testdata/cases"), []string{"api.telegram.org/bot"}, "telegram.api.json")
}
