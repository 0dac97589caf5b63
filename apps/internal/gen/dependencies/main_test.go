package main

import (
	"slices"
	"strings"
	"testing"
)

const listing = module + "/adapters/bunstore\t" + module + "\tfmt github.com/uptrace/bun github.com/a/b/c " + module + "/ports/store\n" +
	module + "/adapters/bunstore/rows\t" + module + "\tgithub.com/z/z\n" +
	module + "/adapters/diskblob\t" + module + "\tfmt " + module + "/ports/store\n" +
	module + "/adapters/memstore\t" + module + "\tfmt\n" +
	module + "/apps/internal/config\t" + module + "\tgithub.com/z/z\n" +
	module + "/ports/store\t" + module + "\tfmt\n" +
	"github.com/uptrace/bun\tgithub.com/uptrace/bun\tfmt\n" +
	"github.com/a/b/c\tgithub.com/a/b\tfmt\n" +
	"github.com/z/z\tgithub.com/z/z\t\n"

func TestForeignModules(t *testing.T) {
	t.Parallel()
	got := foreign(parse(listing))
	if want := []string{"github.com/a/b", "github.com/uptrace/bun", "github.com/z/z"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := foreign(parse(module + "/core\t" + module + "\tfmt\n")); len(got) != 0 {
		t.Errorf("got %q, want none", got)
	}
}

func TestReportNamesWhatEachPartBrings(t *testing.T) {
	t.Parallel()
	got := string(report(parse(listing)))
	_, parts, ok := strings.Cut(got, "tests\n\n")
	want := "adapters/bunstore: 3\n  github.com/a/b\n  github.com/uptrace/bun\n  github.com/z/z\n\nadapters/diskblob: none\n"
	if !ok || parts != want {
		t.Errorf("got %q, want %q after the intro", parts, want)
	}
}

// TestLightPartsNeedNothing runs the go command on the repository. The answer
// is not kept fresh by the test cache; make verify asks again.
func TestLightPartsNeedNothing(t *testing.T) {
	t.Parallel()
	got, err := list(t.Context(), "../../../..", append([]string{"-test"}, light...))
	if err != nil {
		t.Fatal(err)
	}
	if wrong := foreign(got); len(got) < 10 || len(wrong) > 0 {
		t.Errorf("got %d packages that need %q, want none", len(got), wrong)
	}
}
