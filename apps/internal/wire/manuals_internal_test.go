package wire

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/crierhq/crier/adapters/httpapi"
	"github.com/crierhq/crier/apps/internal/config"
	"github.com/crierhq/crier/providers/all"
)

// Platforms compare the address that people are sent back to letter by letter,
// so the manual of each must name the one that the server uses.
func TestManualsNameTheRedirect(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../../providers/*/README.md")
	if err != nil || len(files) == 0 {
		t.Fatalf("got %d manuals and %v", len(files), err)
	}
	var named []string
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		named = append(named, regexp.MustCompile("[^\\s`]*/integrations/[^\\s`]*").FindAllString(string(text), -1)...)
	}
	var want []string
	for _, app := range all.Apps() {
		if slices.ContainsFunc(config.Names(all.Config(app.Platform), ""), func(s string) bool { return strings.HasSuffix(s, "_SECRET") }) {
			want = append(want, httpapi.CallbackURL("PUBLIC_URL", app.ID()))
		}
	}
	slices.Sort(named)
	slices.Sort(want)
	if got := slices.Compact(named); !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}
