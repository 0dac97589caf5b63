package archtest_test

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// TestViolationsAreFound gives the walker small trees that break one rule
// each, because a rule that cannot fail protects nothing.
func TestViolationsAreFound(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ file, src, want string }{
		"core imports a package of others":       {"core/x/x.go", imports("github.com/a/b"), "must not import github.com/a/b"},
		"core test imports a package of others":  {"core/x/x_test.go", imports("github.com/a/b"), "must not import github.com/a/b"},
		"core imports an adapter":                {"core/x/x.go", imports(module + "/adapters/memblob"), "must not import adapters/memblob"},
		"core imports a kit":                     {"core/x/x.go", imports(module + "/testkit/fixture"), "must not import testkit/fixture"},
		"use case imports the façade":            {"core/x/x.go", imports(module + "/core"), "must not import core"},
		"domain imports a port":                  {"core/domain/x.go", imports(module + "/ports/store"), "must not import ports/store"},
		"fault imports the domain":               {"core/fault/x.go", imports(module + "/core/domain"), "must not import core/domain"},
		"port imports a port":                    {"ports/blob/x.go", imports(module + "/ports/store"), "must not import ports/store"},
		"port imports a use case":                {"ports/blob/x.go", imports(module + "/core/publish"), "must not import core/publish"},
		"adapter imports a use case":             {"adapters/bunstore/x.go", imports(module + "/core/publish"), "must not import core/publish"},
		"adapter imports an adapter":             {"adapters/bunstore/x.go", imports(module + "/adapters/diskblob"), "must not import adapters/diskblob"},
		"adapter imports one of the same prefix": {"adapters/bunstore/x.go", imports(module + "/adapters/bunstorex"), "must not import adapters/bunstorex"},
		"memory adapter imports others":          {"adapters/memstore/x.go", imports("github.com/a/b"), "must not import github.com/a/b"},
		"memory adapter test imports others":     {"adapters/memstore/x_test.go", imports("github.com/a/b"), "must not import github.com/a/b"},
		"API imports a store":                    {"adapters/httpapi/x.go", imports(module + "/adapters/bunstore"), "must not import adapters/bunstore"},
		"provider imports a provider":            {"providers/bluesky/x.go", imports(module + "/providers/mastodon"), "must not import providers/mastodon"},
		"provider test imports a provider":       {"providers/bluesky/x_test.go", imports(module + "/providers/mastodon"), "must not import providers/mastodon"},
		"provider imports an SDK":                {"providers/bluesky/x.go", imports("golang.org/x/oauth2"), "must not import golang.org/x/oauth2"},
		"provider imports another port":          {"providers/bluesky/x.go", imports(module + "/ports/store"), "must not import ports/store"},
		"provider kit imports a provider":        {"providers/kit/rest/x.go", imports(module + "/providers/bluesky"), "must not import providers/bluesky"},
		"kit imports a use case":                 {"testkit/storetest/x.go", imports(module + "/core/publish"), "must not import core/publish"},
		"kit imports the providers' kit":         {"testkit/providertest/x.go", imports(module + "/providers/kit/rest"), "must not import providers/kit/rest"},
		"kit test imports a provider":            {"testkit/providertest/x_test.go", imports(module + "/providers/mastodon"), "must not import providers/mastodon"},
		"kit imports an app":                     {"testkit/enginetest/x.go", imports(module + "/apps/internal/config"), "must not import apps/internal/config"},
		"app imports a kit":                      {"apps/server/x.go", imports(module + "/testkit/fixture"), "must not import testkit/fixture"},
		"peers import others":                    {"testkit/peers/x/x_test.go", imports("github.com/a/b"), "must not import github.com/a/b"},
		"folder without a rule":                  {"pkg/x/x.go", "package x", "no rule for the folder pkg/x"},
		"folder of tests without a rule":         {"scripts/x_test.go", "package x", "no rule for the folder scripts"},
		"root folder":                            {"x.go", "package x", "no rule for the folder ."},
		"name that only begins like a folder":    {"corex/x.go", "package x", "no rule for the folder corex"},
		"init function":                          {"apps/server/x.go", "package x\nfunc init() {}", "has an init function"},
		"init function of a test":                {"core/x/x_test.go", "package x\nfunc init() {}", "has an init function"},
		"core names a platform":                  {"core/x/x.go", "package x\nconst a = \"mastodon\"", `names the platform "mastodon"`},
		"port names a platform":                  {"ports/x/x.go", "package x\nvar a = f(`Bluesky`)", "names the platform `Bluesky`"},
		"adapter names a platform":               {"adapters/x/x.go", "package x\nfunc f(s string) bool { return s == \"mastodon\" }", `names the platform "mastodon"`},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, files, err := examine(tree(map[string]string{tc.file: tc.src}))
			if err != nil || files != 3 || len(got) != 1 {
				t.Fatalf("got %q in %d files, %v; want one finding in 3 files", got, files, err)
			}
			if !strings.Contains(got[0], tc.want) || !strings.HasPrefix(got[0], tc.file) {
				t.Errorf("got %q, want %s and %q", got[0], tc.file, tc.want)
			}
		})
	}
}

func TestWhatIsAllowedIsNotFound(t *testing.T) {
	t.Parallel()
	cases := map[string]map[string]string{
		"standard library":           {"core/domain/x.go": imports("net/http")},
		"core to its layers":         {"core/publish/x.go": imports(module+"/core/journal", module+"/ports/store")},
		"façade to use cases":        {"core/x.go": imports(module + "/core/publish")},
		"core test to kits":          {"core/publish/x_test.go": imports(module+"/testkit/enginetest", module+"/adapters/memstore", module+"/core")},
		"adapter to others":          {"adapters/bunstore/x.go": imports("github.com/uptrace/bun", module+"/ports/store")},
		"inside one adapter":         {"adapters/bunstore/internal/rows/x.go": imports(module + "/adapters/bunstore/internal/sql")},
		"inside one provider":        {"providers/bluesky/wire/x.go": imports(module + "/providers/bluesky/internal/a")},
		"adapter test to a kit":      {"adapters/bunstore/x_test.go": imports(module+"/testkit/storetest", "github.com/google/go-cmp/cmp")},
		"API to the core":            {"adapters/httpapi/x.go": imports(module+"/core", module+"/core/publish", "github.com/a/b")},
		"list to providers":          {"providers/all/x.go": imports(module + "/providers/bluesky")},
		"provider to the kit":        {"providers/bluesky/x.go": imports(module + "/providers/kit/rest")},
		"platform in its provider":   {"providers/mastodon/x.go": "package x\nconst a = \"mastodon\""},
		"platform in a test":         {"core/x/x_test.go": "package x\nconst a = \"mastodon\""},
		"platform in a sentence":     {"ports/x/x.go": "package x\nconst a = \"such as mastodon.social\""},
		"app to everything":          {"apps/server/x.go": imports(module+"/adapters/bunstore", module+"/core", "github.com/a/b")},
		"method called init":         {"core/x/x.go": "package x\ntype t int\nfunc (t) init() {}"},
		"test data":                  {"core/x/testdata/x.go": imports("github.com/a/b")},
		"another module":             {"testkit/peers/relay/go.mod": "module relay", "testkit/peers/relay/x.go": imports("github.com/a/b")},
		"hidden folder":              {".cache/x.go": "package x"},
		"kit test to providers' kit": {"testkit/providertest/x_test.go": imports(module + "/providers/kit/rest")},
		"simulation to the core":     {"testkit/simulation/x.go": imports(module+"/core", module+"/adapters/memstore")},
		"peers to what they try":     {"testkit/peers/x_test.go": imports(module+"/providers/mastodon", module+"/adapters/bunstore")},
		"documented program to all":  {"docs/example/main.go": imports(module+"/core", module+"/providers/mastodon")},
	}
	for name, files := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got, _, err := examine(tree(files)); err != nil || len(got) != 0 {
				t.Errorf("got %q, %v; want nothing", got, err)
			}
		})
	}
}

func TestUnreadableFilesAreErrors(t *testing.T) {
	t.Parallel()
	if _, _, err := examine(tree(map[string]string{"core/x/x.go": "pack"})); err == nil {
		t.Error("got no error for a file that is not Go, want one")
	}
	if _, _, err := examine(fstest.MapFS{}); err == nil {
		t.Error("got no error for a tree without providers, want one")
	}
}

// tree is a repository with two providers and the files.
func tree(files map[string]string) fstest.MapFS {
	out := fstest.MapFS{
		"providers/mastodon/doc.go": {Data: []byte("package mastodon")},
		"providers/bluesky/doc.go":  {Data: []byte("package bluesky")},
	}
	for name, src := range files {
		out[name] = &fstest.MapFile{Data: []byte(src)}
	}
	return out
}

// imports is a file that imports paths.
func imports(paths ...string) string {
	src := slices.Clone(paths)
	for i, p := range src {
		src[i] = "import _ \"" + p + "\"\n"
	}
	return "package x\n" + strings.Join(src, "")
}
