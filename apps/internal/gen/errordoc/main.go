// Command errordoc writes docs/errors.md from the places in the code that make
// failures, so that every code which the HTTP API answers with has a line there.
// With -check it changes nothing and fails where the document is stale.
package main

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strings"

	"github.com/crierhq/crier/adapters/httpapi"
	"github.com/crierhq/crier/apps/internal/genfile"
	"github.com/crierhq/crier/core/fault"
)

func main() { genfile.Main("errordoc", run) }

// sources are where failures are made that the API answers with.
func sources() []string {
	return []string{"core", "ports", "adapters/httpapi", "apps/internal/wire"}
}

const intro = `<!-- Made by make gen from the code; do not edit. -->

# What failures mean

Every failure of the HTTP API has the same body; see [api.md](api.md). Its ` + "`code`" + ` never changes its meaning, and ` + "`docs`" + ` is the address of the
line here. Codes of one field, in ` + "`errors`" + `, are at the end. A message of your server may say more than the one here; where it holds something of the case, this
page has an ellipsis.

| code | status | message |
|---|---|---|
`

const rules = `
## Codes of fields

These stand in ` + "`errors`" + `, beside the path of the field and a message that says what would be right. What only some platforms ask for has codes of its own.

`

// run writes or checks the document below root and says on out if it wrote it.
func run(root string, check bool, out io.Writer) error {
	found := &finding{messages: map[string]map[int][]string{}, rules: map[string]bool{}}
	for status, code := range httpapi.PlainCodes() {
		found.put(code, status, http.StatusText(status)+".")
	}
	for _, code := range httpapi.FieldCodes() {
		found.rules[code] = true
	}
	for _, dir := range sources() {
		if err := found.folder(filepath.Join(root, filepath.FromSlash(dir))); err != nil {
			return err
		}
	}
	if len(found.problems) > 0 {
		return fmt.Errorf("the code of a failure must be written out, so that it can be documented:\n%s", strings.Join(found.problems, "\n"))
	}
	return genfile.Put(root, "docs/errors.md", found.markdown(), check, out)
}

func (f *finding) markdown() []byte {
	b := bytes.NewBufferString(intro)
	for _, code := range slices.Sorted(maps.Keys(f.messages)) {
		for i, status := range slices.Sorted(maps.Keys(f.messages[code])) {
			anchor := ""
			if i == 0 {
				anchor = fmt.Sprintf(`<a id="%s"></a>`, code)
			}
			texts := slices.Compact(slices.Sorted(slices.Values(f.messages[code][status])))
			fmt.Fprintf(b, "| %s`%s` | %d | %s |\n", anchor, code, status, strings.Join(texts, "<br>"))
		}
	}
	b.WriteString(rules)
	names := slices.Sorted(maps.Keys(f.rules))
	for i, name := range names {
		names[i] = "`" + name + "`"
	}
	b.WriteString(strings.Join(names, ", ") + ".\n")
	return b.Bytes()
}

// kindOf is a kind by the name of its constant.
func kindOf(name string) (fault.Kind, bool) {
	for _, k := range fault.Kinds() {
		if strings.EqualFold(strings.ReplaceAll(string(k), "_", ""), name) {
			return k, true
		}
	}
	return "", false
}
