package httpscript

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/crierhq/crier/testkit/httpscript/wild"
)

// Texts is one text or a list of them, in JSON as in Go.
type Texts []string

// UnmarshalJSON takes "a" and ["a","b"].
func (t *Texts) UnmarshalJSON(raw []byte) error {
	var one string
	if json.Unmarshal(raw, &one) == nil {
		*t = Texts{one}
		return nil
	}
	var many []string
	if err := json.Unmarshal(raw, &many); err != nil {
		return errors.New("a field of a form is a text or a list of texts")
	}
	*t = many
	return nil
}

// Part is one part of a multipart body: a Text, or a file.
type Part struct {
	Text     string
	FileName string
	Type     string
	// Bytes is the length of the file.
	Bytes int64
	// File tells a file from a text.
	File bool
}

// UnmarshalJSON takes "text" and {"filename":…,"type":…,"bytes":…}.
func (p *Part) UnmarshalJSON(raw []byte) error {
	if json.Unmarshal(raw, &p.Text) == nil {
		return nil
	}
	var file struct {
		FileName string `json:"filename"`
		Type     string `json:"type"`
		Bytes    int64  `json:"bytes"`
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&file); err != nil {
		return fmt.Errorf(`a part of a multipart body is a text or {"filename","type","bytes"}: %w`, err)
	}
	*p = Part{FileName: file.FileName, Type: file.Type, Bytes: file.Bytes, File: true}
	return nil
}

func (p Part) String() string {
	if !p.File {
		return wild.Clip(strconv.Quote(p.Text))
	}
	return fmt.Sprintf("file %q of %s with %d bytes", p.FileName, p.Type, p.Bytes)
}

func (p Part) matches(got Part) bool {
	if !p.File {
		return !got.File && wild.Text(p.Text, got.Text)
	}
	return got.File && p.Bytes == got.Bytes && wild.Text(p.FileName, got.FileName) && wild.Text(p.Type, got.Type)
}

func samePath(want string, got *url.URL) bool {
	base, _, _ := strings.Cut(want, "?")
	return len(wild.URL(base, (&url.URL{Scheme: got.Scheme, Host: got.Host, Path: got.Path, RawPath: got.RawPath}).String())) == 0
}

func (r Request) diffs(req *http.Request, body []byte) []string {
	var out []string
	if r.Method != req.Method {
		out = append(out, fmt.Sprintf("method %s, want %s", req.Method, r.Method))
	}
	out = append(out, wild.URL(r.URL, req.URL.String())...)
	for _, k := range slices.Sorted(maps.Keys(r.Headers)) {
		if got := header(req, k); !wild.Text(r.Headers[k], got) {
			out = append(out, fmt.Sprintf("header %s is %q, want %q", k, wild.Clip(got), r.Headers[k]))
		}
	}
	if n := req.ContentLength; n > 0 && n != int64(len(body)) {
		out = append(out, fmt.Sprintf("the body has %d bytes, but %d were announced", len(body), n))
	}
	return append(out, r.bodyDiffs(req, body)...)
}

func header(req *http.Request, name string) string {
	switch http.CanonicalHeaderKey(name) {
	case "Content-Length":
		return strconv.FormatInt(req.ContentLength, 10)
	case "Host":
		if req.Host != "" {
			return req.Host
		}
		return req.URL.Host
	}
	// A server reads names without regard to case, however they are spelled.
	var values []string
	for k, v := range req.Header {
		if strings.EqualFold(k, name) {
			values = append(values, v...)
		}
	}
	return strings.Join(values, ", ")
}

func (r Request) bodyDiffs(req *http.Request, body []byte) []string {
	switch {
	case r.Body != nil:
		return prefixed("body: ", wild.JSON(r.Body, body))
	case r.Form != nil:
		return r.formDiffs(body)
	case r.Multipart != nil:
		return r.multipartDiffs(req, body)
	case r.Bytes != nil:
		if *r.Bytes != int64(len(body)) {
			return []string{fmt.Sprintf("body of %d bytes, want %d", len(body), *r.Bytes)}
		}
	case r.Text != nil:
		if !wild.Text(*r.Text, string(body)) {
			return []string{fmt.Sprintf("body %q, want %q", wild.Clip(string(body)), wild.Clip(*r.Text))}
		}
	case len(body) > 0:
		return []string{fmt.Sprintf("body %q, want none", wild.Clip(string(body)))}
	}
	return nil
}

func (r Request) formDiffs(body []byte) []string {
	got, err := url.ParseQuery(string(body))
	if err != nil {
		return []string{"the body is no form: " + wild.Clip(string(body))}
	}
	want := map[string][]string{}
	for k, v := range r.Form {
		want[k] = v
	}
	return wild.Lists("form field", want, got)
}

func (r Request) multipartDiffs(req *http.Request, body []byte) []string {
	got, err := parts(req.Header.Get("Content-Type"), body)
	if err != nil {
		return []string{"the body is not multipart/form-data: " + err.Error()}
	}
	var out []string
	for _, k := range slices.Sorted(maps.Keys(r.Multipart)) {
		g, ok := got[k]
		if !ok {
			out = append(out, fmt.Sprintf("part %s is missing, want %s", k, r.Multipart[k]))
		} else if !r.Multipart[k].matches(g) {
			out = append(out, fmt.Sprintf("part %s is %s, want %s", k, g, r.Multipart[k]))
		}
	}
	for _, k := range slices.Sorted(maps.Keys(got)) {
		if _, ok := r.Multipart[k]; !ok {
			out = append(out, fmt.Sprintf("part %s is %s, want none", k, got[k]))
		}
	}
	return out
}

func parts(contentType string, body []byte) (map[string]Part, error) {
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return nil, err
	}
	if kind != "multipart/form-data" {
		return nil, fmt.Errorf("it is %s", kind)
	}
	out := map[string]Part{}
	mr := multipart.NewReader(bytes.NewReader(body), params["boundary"])
	for {
		p, err := mr.NextRawPart()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		raw, err := io.ReadAll(p)
		if err != nil {
			return nil, err
		}
		if _, twice := out[p.FormName()]; twice {
			return nil, fmt.Errorf("part %s is there twice", p.FormName())
		}
		part := Part{Text: string(raw)}
		if p.FileName() != "" {
			part = Part{File: true, FileName: p.FileName(), Type: p.Header.Get("Content-Type"), Bytes: int64(len(raw))}
		}
		out[p.FormName()] = part
	}
}

func prefixed(prefix string, list []string) []string {
	for i := range list {
		list[i] = prefix + list[i]
	}
	return list
}
