package vendorspec

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
)

// Transport passes requests on and judges the JSON answers that come back. It is
// how stand-ins of a vendor are held to what the vendor says.
type Transport struct {
	Next http.RoundTripper
	Spec *Spec
	// About says which addresses are judged; see Cases. An address of another
	// server may have the vendor's host as the first part of its path.
	About []string
	// Report gets what the description has against an answer.
	Report func(finding string)
}

// RoundTrip implements http.RoundTripper.
func (t Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := t.Next.RoundTrip(r)
	if err != nil || !covers(t.About, r.URL.Host+r.URL.Path) && !covers(t.About, strings.TrimPrefix(r.URL.Path, "/")) {
		return resp, err
	}
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	_ = resp.Body.Close()
	resp.Body = io.NopCloser(bytes.NewReader(raw))
	var body any
	if json.Unmarshal(raw, &body) != nil {
		return resp, nil
	}
	for _, f := range t.Spec.Answer(r.Method, r.URL.String(), resp.StatusCode, body) {
		t.Report(r.Method + " " + r.URL.Path + ": " + f)
	}
	return resp, nil
}
