package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/crierhq/crier/apps/internal/config"
)

const murmur = `package murmur

// Config is what an operator decides.
type Config struct {
	AppID   string ` + "`env:\"MURMUR_APP_ID\" required:\"true\" doc:\"The id of the app.\"`" + `
	Secret  string ` + "`env:\"MURMUR_SECRET\" secret:\"true\" required:\"true\" doc:\"Its secret | key.\"`" + `
	Retries int    ` + "`env:\"MURMUR_RETRIES\" default:\"2\" min:\"0\" max:\"5\" doc:\"How often. And more.\"`" + `
	Plain   string
	Tagged  string ` + "`json:\"tagged\"`" + `
}
`

func TestProviderGroupsReadTheSource(t *testing.T) {
	t.Parallel()
	got, err := providerGroups(fstest.MapFS{
		"providers/murmur/config.go":      {Data: []byte(murmur)},
		"providers/murmur/murmur_test.go": {Data: []byte("package murmur_test\ntype Config struct { A int `env:\"NOT_THIS\"` }")},
		"providers/quiet/quiet.go":        {Data: []byte("package quiet\ntype Config struct{}\n")},
		"providers/other/other.go":        {Data: []byte("package other\ntype Config = int\nfunc f() {}\n")},
	})
	if err != nil || len(got) != 1 || got[0].Title != "murmur" {
		t.Fatalf("got %+v, %v; want the group murmur", got, err)
	}
	var names []string
	for _, s := range got[0].Settings {
		names = append(names, s.Name)
	}
	if want := []string{"MURMUR_APP_ID", "MURMUR_SECRET", "MURMUR_RETRIES"}; !slices.Equal(names, want) {
		t.Errorf("got %q, want %q", names, want)
	}
	if s := got[0].Settings[1]; !s.Secret || !s.Required || s.Kind != "a text" {
		t.Errorf("got %+v, want a required secret text", s)
	}
	if _, err := providerGroups(fstest.MapFS{"providers/bad/bad.go": {Data: []byte("package")}}); err == nil {
		t.Error("got no error for a file that cannot be parsed, want one")
	}
}

func TestDocumentsNameEverySetting(t *testing.T) {
	t.Parallel()
	providers, err := providerGroups(fstest.MapFS{"providers/murmur/config.go": {Data: []byte(murmur)}})
	if err != nil {
		t.Fatal(err)
	}
	groups := config.Groups()
	doc, env := string(markdown(groups, providers)), string(example(groups, providers))
	for _, g := range slices.Concat(groups, providers) {
		for _, s := range g.Settings {
			if !strings.Contains(doc, "\n| `"+s.Name+"`") || !strings.Contains(env, "\n# "+s.Name+"=") {
				t.Errorf("%s is not in both documents", s.Name)
			}
		}
	}
	for _, want := range []string{
		"| `MURMUR_APP_ID` | **required** | The id of the app. |",
		"| `MURMUR_SECRET` 🔒 | **required** | Its secret \\| key. |",
		"| `MURMUR_RETRIES` | `2` | How often. And more. From `0` to `5`. |",
	} {
		if !strings.Contains(doc, want) {
			t.Errorf("got no line %q", want)
		}
	}
	if !strings.Contains(env, "\n# How often.\n# MURMUR_RETRIES=2\n") {
		t.Error("got no commented default in .env.example")
	}
}

// TestExampleIsValid reads .env.example back with every line in force.
func TestExampleIsValid(t *testing.T) {
	t.Parallel()
	var environ []string
	for line := range strings.Lines(string(example(config.Groups(), nil))) {
		name, value, ok := strings.Cut(strings.TrimSpace(strings.TrimPrefix(line, "# ")), "=")
		if ok && strings.ToUpper(name) == name {
			environ = append(environ, name+"="+value)
		}
	}
	c, err := config.Load(environ, os.ReadFile)
	if err != nil || len(environ) < 20 || len(c.Warnings) > 0 {
		t.Errorf("got %d settings, warnings %q, %v; want all without a problem", len(environ), c.Warnings, err)
	}
}

func TestRunWritesThenChecks(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	file := filepath.Join(root, "docs", "configuration.md")
	if err := run(root, true, &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), "make gen") {
		t.Errorf("got %v before the first run, want that the documents are stale", err)
	}
	var out bytes.Buffer
	if err := run(root, false, &out); err != nil || strings.Count(out.String(), "wrote ") != 2 {
		t.Fatalf("got %q, %v; want two documents written", out.String(), err)
	}
	out.Reset()
	if err := run(root, false, &out); err != nil || out.Len() != 0 {
		t.Errorf("got %q, %v; want nothing written again", out.String(), err)
	}
	if err := run(root, true, &out); err != nil {
		t.Errorf("got %v, want fresh documents", err)
	}
	if err := os.WriteFile(file, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := run(root, true, &out); err == nil || !strings.Contains(err.Error(), "docs/configuration.md") {
		t.Errorf("got %v, want %s to be stale", err, file)
	}
	if got, err := os.ReadFile(file); err != nil || string(got) != "old" {
		t.Errorf("got %q, %v; want -check to change nothing", got, err)
	}
}

// TestCommittedDocumentsAreFresh keeps go test ./... enough to notice.
func TestCommittedDocumentsAreFresh(t *testing.T) {
	t.Parallel()
	if err := run("../../../..", true, &bytes.Buffer{}); err != nil {
		t.Error(err)
	}
}
