package debian

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

// mirrorIn finds where a machine gets the packages of the release from, in its
// folder of apt.
func mirrorIn(etc fs.FS) (mirror, error) {
	names := []string{"sources.list"}
	for _, pattern := range []string{"sources.list.d/*.list", "sources.list.d/*.sources"} {
		more, err := fs.Glob(etc, pattern)
		if err != nil {
			return mirror{}, err
		}
		names = append(names, more...)
	}
	for _, name := range names {
		raw, err := fs.ReadFile(etc, name)
		if err != nil {
			continue // Not every machine has every file.
		}
		parts, read := strings.Split(string(raw), "\n"), oneLine
		if strings.HasSuffix(name, ".sources") {
			parts, read = strings.Split(string(raw), "\n\n"), stanza
		}
		for _, part := range parts {
			if m, ok := read(part); ok {
				return m, nil
			}
		}
	}
	return mirror{}, fmt.Errorf("this machine has no source of packages for Debian %s", release)
}

// mirror is where a machine gets its packages from.
type mirror struct {
	uri, keys string
}

// line is a source of one suite of the release: "" or, such as, "-backports".
func (m mirror) line(suite string) string {
	options := ""
	if m.keys != "" {
		options = "[signed-by=" + m.keys + "] "
	}
	return "deb " + options + m.uri + " " + release + suite + " main\n"
}

// isRelease reports whether a source is the one of the release itself, not of
// its updates, and not of another archive.
func isRelease(suites []string) bool { return slices.Contains(suites, release) }

// oneLine reads a source in the style "deb [signed-by=…] uri suite component".
func oneLine(line string) (mirror, bool) {
	var m mirror
	rest, ok := strings.CutPrefix(strings.TrimSpace(line), "deb ")
	if !ok {
		return m, false
	}
	rest = strings.TrimSpace(rest)
	if options, after, ok := strings.Cut(strings.TrimPrefix(rest, "["), "]"); ok && strings.HasPrefix(rest, "[") {
		for o := range strings.FieldsSeq(options) {
			if keys, ok := strings.CutPrefix(o, "signed-by="); ok {
				m.keys = keys
			}
		}
		rest = after
	}
	f := strings.Fields(rest)
	if len(f) < 3 || !isRelease(f[1:2]) || !slices.Contains(f[2:], "main") {
		return m, false
	}
	m.uri = f[0]
	return m, true
}

// stanza reads a source in the style of deb822, a paragraph of fields.
func stanza(text string) (mirror, bool) {
	field := map[string]string{}
	for line := range strings.Lines(text) {
		name, value, ok := strings.Cut(line, ":")
		if ok && !strings.HasPrefix(line, "#") && !strings.HasPrefix(line, " ") {
			field[strings.ToLower(name)] = strings.TrimSpace(value)
		}
	}
	uris := strings.Fields(field["uris"])
	if len(uris) == 0 || field["enabled"] == "no" || !slices.Contains(strings.Fields(field["types"]), "deb") ||
		!isRelease(strings.Fields(field["suites"])) || !slices.Contains(strings.Fields(field["components"]), "main") {
		return mirror{}, false
	}
	m := mirror{uri: uris[0]}
	if strings.HasPrefix(field["signed-by"], "/") {
		m.keys = field["signed-by"]
	}
	return m, true
}
