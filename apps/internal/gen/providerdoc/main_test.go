package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/crierhq/crier/apps/internal/config"
	"github.com/crierhq/crier/ports/social"
)

func TestRunWritesOnceAndChecks(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	var said bytes.Buffer
	if err := run(root, true, &said); err == nil || !strings.Contains(err.Error(), "make gen") {
		t.Errorf("got %v for a document that is not there, want what to run", err)
	}
	if err := run(root, false, &said); err != nil || !strings.Contains(said.String(), "wrote "+target) {
		t.Fatalf("got %q, %v", said.String(), err)
	}
	if err := run(root, true, &said); err != nil {
		t.Errorf("got %v for a fresh document", err)
	}
	file := filepath.Join(root, filepath.FromSlash(target))
	if err := os.WriteFile(file, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := run(root, true, &said); err == nil {
		t.Error("got no error for a stale document, want one")
	}
}

func TestPageSaysEverything(t *testing.T) {
	t.Parallel()
	got := string(render([]page{{
		descriptor: social.Descriptor{
			ID: "murmur", Name: "Murmur (beta)", DocsURL: "https://docs.murmur.example", Markup: social.MarkupMarkdown,
			Scopes: []string{"read", "write"},
			Limits: social.Limits{
				Text: social.TextLimit{Max: 300, Count: social.CountUTF16, MaxBytes: 900, URLLength: 23, Required: true},
				Media: social.MediaLimit{
					Images: 4, Videos: 1, Mixed: true, Max: 4, Required: true, Alt: 99,
					Types: []social.MediaType{{MIME: "image/png", MaxBytes: 1 << 20, MaxPixels: 9}, {MIME: "video/mp4"}},
				},
				Replies: 3,
			},
			Settings: social.SchemaOf[struct {
				Audience string `json:"audience" required:"true" enum:"all,few" default:"all" doc:"Who | sees it."`
				Poll     *struct {
					Days int `json:"days" doc:"How long."`
				} `json:"poll"`
			}](),
			Dedupe:    90 * time.Minute,
			MinGap:    2 * time.Minute,
			AppLimits: []social.RateLimit{{Calls: 50, Per: time.Hour}, {Per: 24 * time.Hour}},
		},
		capabilities: []string{"connect_form", "find", "metrics"},
		operator:     []config.Setting{{Name: "MURMUR_SECRET", Doc: "The secret.", Secret: true, Required: true}},
		folder:       "murmur",
	}, {descriptor: social.Descriptor{ID: "bare", Name: "Bare", DocsURL: "https://bare.example", Dedupe: time.Hour}}}))
	for _, want := range []string{
		"| [Murmur (beta)](#murmur-beta) | 300 utf16 | 4 images, 1 video | 3 more | – | ✓ | – | – | – | ✓ | – | – | – | – | ✓ | – | – | – |",
		"| [Bare](#bare) | 0  | none | no |",
		"Provider `murmur`, written for [the platform's API](https://docs.murmur.example).",
		"[its own README](../../providers/murmur/README.md)",
		"- Text: markdown, at most 300 utf16 and 900 bytes; every link counts as 23; media need a text.",
		"- Media: 4 images, 1 video, 4 together, at least one; a description has at most 99 characters.",
		"- Asks for: `read`, `write`.",
		"- Takes a repeated request as the same: for 1h30m.",
		"- Takes a repeated request as the same: for 1h.",
		"- Shortest time between two posts: 2m.",
		"- Limits of an app, for all its accounts together: 50 posts in 1h, a number in 24h that is not published.",
		"| `image/png` | 1 MiB | 9 |",
		"| `video/mp4` | any | any |",
		"| `audience` | `all`, `few`, required | `all` | Who \\| sees it. |",
		"| `poll.days` | integer | – | How long. |",
		"| `MURMUR_SECRET` | – | **Required.** The secret. Secret. |",
		"A post has no settings of its own.",
		"An operator has nothing to set.",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("got no %q in\n%s", want, got)
		}
	}
}

// TestDocumentIsFresh looks at the repository itself.
func TestDocumentIsFresh(t *testing.T) {
	t.Parallel()
	if err := run("../../../..", true, &bytes.Buffer{}); err != nil {
		t.Error(err)
	}
}
