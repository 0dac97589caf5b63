package debian

import (
	"testing"
	"testing/fstest"
)

func TestMirrorIn(t *testing.T) {
	t.Parallel()
	const keys = "/usr/share/keyrings/archive.gpg"
	for name, tc := range map[string]struct {
		files map[string]string
		want  string
	}{
		"one line":         {map[string]string{"sources.list": "# deb http://old.example/debian bookworm main\ndeb http://a.example/debian bookworm main contrib\n"}, "deb http://a.example/debian bookworm-backports main\n"},
		"one line, keys":   {map[string]string{"sources.list": "deb [arch=amd64 signed-by=" + keys + "] http://a.example/debian bookworm main"}, "deb [signed-by=" + keys + "] http://a.example/debian bookworm-backports main\n"},
		"other archives":   {map[string]string{"sources.list": "deb http://s.example/debian-security bookworm-security main\ndeb http://x.example/x stable main\n"}, ""},
		"without main":     {map[string]string{"sources.list": "deb http://x.example/x bookworm x\n"}, ""},
		"another release":  {map[string]string{"sources.list": "deb http://a.example/debian trixie main\n"}, ""},
		"list in a folder": {map[string]string{"sources.list.d/a.list": "deb http://a.example/debian bookworm main\n"}, "deb http://a.example/debian bookworm-backports main\n"},
		"paragraphs": {map[string]string{"sources.list.d/debian.sources": "Types: deb\nURIs: http://s.example/security\nSuites: bookworm-security\nComponents: main\n\n" +
			"Types: deb\n# a note: x\nURIs: http://a.example/debian\nSuites: bookworm bookworm-updates\nComponents: main\nSigned-By: " + keys + "\n"}, "deb [signed-by=" + keys + "] http://a.example/debian bookworm-backports main\n"},
		"disabled": {map[string]string{"sources.list.d/debian.sources": "Enabled: no\nTypes: deb\nURIs: http://a.example/debian\nSuites: bookworm\nComponents: main\n"}, ""},
		"sources":  {map[string]string{"sources.list.d/debian.sources": "Types: deb-src\nURIs: http://a.example/debian\nSuites: bookworm\nComponents: main\n"}, ""},
		"nothing":  {nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			etc := fstest.MapFS{}
			for n, text := range tc.files {
				etc[n] = &fstest.MapFile{Data: []byte(text)}
			}
			m, err := mirrorIn(etc)
			if (err == nil) != (tc.want != "") {
				t.Fatalf("got error %v, want one: %t", err, tc.want == "")
			}
			if err == nil && m.line("-backports") != tc.want {
				t.Errorf("got %q, want %q", m.line("-backports"), tc.want)
			}
		})
	}
}
