package vendorspec

import (
	"encoding/json"
	"io/fs"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// disputed is what a case says of the vendor's description: what that has
// against it, and why the case is right all the same.
type disputed map[string]string

// Cases judges the requests of a provider's cases by the descriptions in files.
// about says which addresses the descriptions are about, by how they begin, such
// as "api.example.com/v2/"; with a ! before it, which are not, such as those for
// signing in. The query belongs to an address, as the case has it.
//
// Where the description is wrong, the case says so in its field disputed: the
// finding, and the reason. A reason for what is not found is a mistake.
func Cases(t *testing.T, cases fs.FS, about []string, files ...string) {
	t.Helper()
	if Dir() == "" {
		t.Skip("NOT JUDGED: there are no descriptions of the vendors; name their folder in CRIER_SPECS")
	}
	spec, err := Read(files...)
	if err != nil {
		t.Fatal(err)
	}
	names, err := fs.Glob(cases, "*.json")
	if err != nil || len(names) == 0 {
		t.Fatalf("got %d cases, %v", len(names), err)
	}
	judged := 0
	for _, name := range names {
		n, findings := spec.judgeCase(t, cases, name, about)
		judged += n
		for _, f := range findings {
			t.Errorf("%s: %s", name, f)
		}
	}
	if judged == 0 {
		t.Errorf("no request goes to %v", about)
	}
}

type caseFile struct {
	Disputed  disputed `json:"disputed"`
	Exchanges []struct {
		Request sent `json:"request"`
	} `json:"exchanges"`
}

// sent is a request in a case.
type sent struct {
	Method    string                     `json:"method"`
	URL       string                     `json:"url"`
	Body      any                        `json:"body"`
	Form      map[string]any             `json:"form"`
	Multipart map[string]json.RawMessage `json:"multipart"`
}

// request is what is judged of it.
func (r sent) request() Request {
	out := Request{Method: r.Method, URL: r.URL, Body: r.Body}
	if len(r.Form) > 0 {
		out.Body, out.Form = r.Form, true
	}
	if text := r.payload(); text != nil {
		out.Body = text
	} else if len(r.Multipart) > 0 {
		fields := object{}
		for name, part := range r.Multipart {
			var text string
			if fields[name] = nil; json.Unmarshal(part, &text) == nil {
				fields[name] = text // else it is a file
			}
		}
		out.Body, out.Form = fields, true
	}
	return out
}

// payload is the JSON that some platforms take as one part of a form, beside the
// files; nil: there is none.
func (r sent) payload() any {
	var text string
	var out any
	if json.Unmarshal(r.Multipart["payload_json"], &text) != nil || json.Unmarshal([]byte(text), &out) != nil {
		return nil
	}
	return out
}

func (s *Spec) judgeCase(t *testing.T, cases fs.FS, name string, about []string) (judged int, findings []string) {
	t.Helper()
	raw, err := fs.ReadFile(cases, name)
	var c caseFile
	if err == nil {
		err = json.Unmarshal(raw, &c)
	}
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, e := range c.Exchanges {
		r := e.Request.request()
		u, err := url.Parse(r.URL)
		if err != nil || !covers(about, u.Host+u.RequestURI()) {
			continue
		}
		judged++
		for _, f := range s.Request(r) {
			found = append(found, r.Method+" "+u.Path+": "+f)
		}
	}
	for _, f := range sorted(found) {
		if strings.TrimSpace(c.Disputed[f]) == "" {
			findings = append(findings, f)
		}
	}
	for f := range c.Disputed {
		if !slices.Contains(found, f) {
			findings = append(findings, "disputed, but not found: "+f)
		}
	}
	return judged, findings
}

// covers reports whether an address is one of those that about names.
func covers(about []string, address string) bool {
	in := false
	for _, a := range about {
		if no, ok := strings.CutPrefix(a, "!"); ok && strings.HasPrefix(address, no) {
			return false
		}
		in = in || strings.HasPrefix(address, a)
	}
	return in
}
