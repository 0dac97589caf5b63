package httpscript_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/crierhq/crier/testkit/httpscript"
)

func script(t *testing.T, exchanges string, opts ...httpscript.Option) *httpscript.Transport {
	t.Helper()
	var list []httpscript.Exchange
	d := json.NewDecoder(strings.NewReader(exchanges))
	d.DisallowUnknownFields()
	if err := d.Decode(&list); err != nil {
		t.Fatal(err)
	}
	return httpscript.New(list, opts...)
}

// do sends one request and reads its answer.
func do(t *testing.T, rt http.RoundTripper, method, url, kind, body string) (string, error) {
	t.Helper()
	var r io.Reader
	if body != "" {
		r = strings.NewReader(body)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, url, r)
	if err != nil {
		t.Fatal(err)
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	resp, err := (&http.Client{Transport: rt}).Do(req)
	if err != nil {
		return "", err
	}
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil {
		t.Fatal(err)
	}
	return resp.Status + " " + resp.Header.Get("Content-Type") + " " + string(raw), nil
}

func TestRequestsAreCompared(t *testing.T) {
	t.Parallel()
	const form = "application/x-www-form-urlencoded"
	for name, tc := range map[string]struct {
		request, method, url, kind, body string
		want                             string // a part of the only difference; empty: none
	}{
		"right":               {`{"method":"GET","url":"https://h.example/a?x=1&y=2"}`, "GET", "https://h.example/a?y=2&x=1", "", "", ""},
		"method":              {`{"method":"GET","url":"https://h.example/a"}`, "POST", "https://h.example/a", "", "", "method POST, want GET"},
		"host":                {`{"method":"GET","url":"https://h.example/a"}`, "GET", "https://g.example/a", "", "", "URL https://g.example/a, want https://h.example/a"},
		"path":                {`{"method":"GET","url":"https://h.example/a/b"}`, "GET", "https://h.example/a/c", "", "", "URL https://h.example/a/c"},
		"escaped path":        {`{"method":"GET","url":"https://h.example/a%2Fb"}`, "GET", "https://h.example/a/b", "", "", "URL https://h.example/a/b"},
		"any segment":         {`{"method":"GET","url":"https://h.example/*/b"}`, "GET", "https://h.example/a/b", "", "", ""},
		"query value":         {`{"method":"GET","url":"https://h.example/?x=1"}`, "GET", "https://h.example/?x=2", "", "", `query x is "2", want "1"`},
		"query missing":       {`{"method":"GET","url":"https://h.example/?x=1"}`, "GET", "https://h.example/", "", "", `query x is missing, want "1"`},
		"query more":          {`{"method":"GET","url":"https://h.example/"}`, "GET", "https://h.example/?x=1", "", "", `query x is "1", want none`},
		"query any":           {`{"method":"GET","url":"https://h.example/?x=*"}`, "GET", "https://h.example/?x=abc", "", "", ""},
		"query any, empty":    {`{"method":"GET","url":"https://h.example/?x=*"}`, "GET", "https://h.example/?x=", "", "", `query x is ""`},
		"header":              {`{"method":"GET","url":"https://h.example/","headers":{"content-type":"a/b"}}`, "GET", "https://h.example/", "c/d", "", `header content-type is "c/d", want "a/b"`},
		"header any":          {`{"method":"GET","url":"https://h.example/","headers":{"Content-Type":"*"}}`, "GET", "https://h.example/", "c/d", "", ""},
		"header absent":       {`{"method":"GET","url":"https://h.example/","headers":{"Content-Type":""}}`, "GET", "https://h.example/", "c/d", "", `header Content-Type is "c/d", want ""`},
		"length":              {`{"method":"POST","url":"https://h.example/","headers":{"Content-Length":"3"},"text":"abcd"}`, "POST", "https://h.example/", "", "abcd", `header Content-Length is "4", want "3"`},
		"body that is none":   {`{"method":"POST","url":"https://h.example/"}`, "POST", "https://h.example/", "", "x", `body "x", want none`},
		"JSON":                {`{"method":"POST","url":"https://h.example/","body":{"a":[1,{"b":"*"}],"c":1.0}}`, "POST", "https://h.example/", "", `{"c":1,"a":[1,{"b":"z"}]}`, ""},
		"JSON value":          {`{"method":"POST","url":"https://h.example/","body":{"a":[1,{"b":2}]}}`, "POST", "https://h.example/", "", `{"a":[1,{"b":3}]}`, `body: a[1].b is 3, want 2`},
		"JSON member missing": {`{"method":"POST","url":"https://h.example/","body":{"a":1}}`, "POST", "https://h.example/", "", `{}`, `body: a is missing, want 1`},
		"JSON member more":    {`{"method":"POST","url":"https://h.example/","body":{}}`, "POST", "https://h.example/", "", `{"a":1}`, `body: a is 1, want none`},
		"JSON list length":    {`{"method":"POST","url":"https://h.example/","body":[1]}`, "POST", "https://h.example/", "", `[1,2]`, `body: the value is [1,2], want [1]`},
		"JSON big numbers":    {`{"method":"POST","url":"https://h.example/","body":9007199254740993}`, "POST", "https://h.example/", "", `9007199254740992`, `is 9007199254740992, want 9007199254740993`},
		"JSON type":           {`{"method":"POST","url":"https://h.example/","body":"1"}`, "POST", "https://h.example/", "", `1`, `the value is 1, want "1"`},
		"JSON any, null":      {`{"method":"POST","url":"https://h.example/","body":"*"}`, "POST", "https://h.example/", "", `null`, `is null, want any value`},
		"no JSON":             {`{"method":"POST","url":"https://h.example/","body":{}}`, "POST", "https://h.example/", "", `a=b`, `body: not JSON: a=b`},
		"two JSON":            {`{"method":"POST","url":"https://h.example/","body":1}`, "POST", "https://h.example/", "", `1 1`, `not JSON`},
		"form":                {`{"method":"POST","url":"https://h.example/","form":{"a":"1","b":["2","3"]}}`, "POST", "https://h.example/", form, "b=2&a=1&b=3", ""},
		"form field":          {`{"method":"POST","url":"https://h.example/","form":{"a":"1"}}`, "POST", "https://h.example/", form, "a=2", `form field a is "2", want "1"`},
		"form order of list":  {`{"method":"POST","url":"https://h.example/","form":{"a":["1","2"]}}`, "POST", "https://h.example/", form, "a=2&a=1", `form field a is ["2" "1"]`},
		"text":                {`{"method":"POST","url":"https://h.example/","text":"ab"}`, "POST", "https://h.example/", "", "abc", `body "abc", want "ab"`},
		"bytes":               {`{"method":"POST","url":"https://h.example/","bytes":3}`, "POST", "https://h.example/", "", "abc", ""},
		"bytes wrong":         {`{"method":"POST","url":"https://h.example/","bytes":4}`, "POST", "https://h.example/", "", "abc", "body of 3 bytes, want 4"},
		"no multipart":        {`{"method":"POST","url":"https://h.example/","multipart":{}}`, "POST", "https://h.example/", "text/plain", "abc", "not multipart/form-data: it is text/plain"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tr := script(t, `[{"request":`+tc.request+`,"response":{}}]`)
			if _, err := do(t, tr, tc.method, tc.url, tc.kind, tc.body); err != nil {
				t.Fatal(err)
			}
			diffs := tr.Diffs()
			if tc.want == "" && len(diffs) > 0 || tc.want != "" && (len(diffs) != 1 || !strings.Contains(diffs[0], tc.want)) {
				t.Errorf("got %q, want %q", diffs, tc.want)
			}
		})
	}
}

func TestMultipartIsComparedByPart(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	if err := w.WriteField("alt", "A boat."); err != nil {
		t.Fatal(err)
	}
	file, err := w.CreateFormFile("file", "boat.png")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.Write(make([]byte, 10)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	const right = `"file":{"filename":"boat.png","type":"application/octet-stream","bytes":10}`
	for name, tc := range map[string]struct{ parts, want string }{
		"right":   {`{"alt":"A boat.",` + right + `}`, ""},
		"any":     {`{"alt":"*","file":{"filename":"*","type":"*","bytes":10}}`, ""},
		"text":    {`{"alt":"A ship.",` + right + `}`, `part alt is "A boat.", want "A ship."`},
		"size":    {`{"alt":"*","file":{"filename":"*","type":"*","bytes":11}}`, "with 10 bytes, want file"},
		"no file": {`{"alt":"*","file":"x"}`, `part file is file "boat.png"`},
		"missing": {`{"alt":"*","focus":"1",` + right + `}`, `part focus is missing`},
		"more":    {`{"alt":"*"}`, "part file is file"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tr := script(t, `[{"request":{"method":"POST","url":"https://h.example/","multipart":`+tc.parts+`},"response":{}}]`)
			if _, err := do(t, tr, "POST", "https://h.example/", w.FormDataContentType(), b.String()); err != nil {
				t.Fatal(err)
			}
			diffs := strings.Join(tr.Diffs(), "\n")
			if tc.want == "" && diffs != "" || !strings.Contains(diffs, tc.want) {
				t.Errorf("got %q, want %q", diffs, tc.want)
			}
		})
	}
}

func TestWrongScriptsAreRefused(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"part of numbers": `{"request":{"multipart":{"a":1}}}`,
		"unknown in part": `{"request":{"multipart":{"a":{"size":1}}}}`,
		"form of numbers": `{"request":{"form":{"a":1}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := json.Unmarshal([]byte(text), &httpscript.Exchange{}); err == nil {
				t.Error("got no error, want one")
			}
		})
	}
}

func TestAnswersAreWhatIsWritten(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ response, want string }{
		"nothing": {`{}`, "200 OK  "},
		"JSON":    {`{"status":201,"body":{"a":1}}`, `201 Created application/json {"a":1}`},
		"text":    {`{"text":"hello"}`, "200 OK text/plain; charset=utf-8 hello"},
		"type":    {`{"headers":{"content-type":"text/html"},"text":"<p>"}`, "200 OK text/html <p>"},
		"echo":    {`{"status":500,"echo":true}`, "500 Internal Server Error text/html; charset=utf-8 <pre>POST https://h.example/\nmap[Content-Type:[a/b]]\nsecret</pre>"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tr := script(t, `[{"request":{"method":"POST","url":"https://h.example/","text":"secret"},"response":`+tc.response+`}]`)
			if got, err := do(t, tr, "POST", "https://h.example/", "a/b", "secret"); err != nil || got != tc.want {
				t.Errorf("got %q, %v; want %q", got, err, tc.want)
			}
		})
	}
}

// TestHooksTellSentFromNotSent is what providers/kit/rest relies on.
func TestHooksTellSentFromNotSent(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		response string
		err      error
		sent     bool
	}{
		"answered": {`{}`, nil, true},
		"dropped":  {`{"drop":true}`, httpscript.ErrDropped, true},
		"refused":  {`{"refuse":true}`, httpscript.ErrRefused, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tr := script(t, `[{"request":{"method":"POST","url":"https://h.example/","text":"x"},"response":`+tc.response+`}]`)
			sent, written := false, false
			ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
				WroteHeaders: func() { sent = true },
				WroteRequest: func(httptrace.WroteRequestInfo) { written = true },
			})
			body := &closing{Reader: strings.NewReader("x")}
			req, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://h.example/", body)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := tr.RoundTrip(req)
			if err == nil {
				_ = resp.Body.Close()
			}
			if !errors.Is(err, tc.err) || sent != tc.sent || written != tc.sent || !body.closed {
				t.Errorf("got %v, sent %t, written %t, closed %t", err, sent, written, body.closed)
			}
			if d := tr.Diffs(); len(d) > 0 {
				t.Errorf("got %q, want no difference", d)
			}
		})
	}
}

type closing struct {
	io.Reader
	closed bool
}

func (c *closing) Close() error {
	c.closed = true
	return nil
}

func TestMistakesOfACallerAreDifferences(t *testing.T) {
	t.Parallel()
	const one = `[{"request":{"method":"POST","url":"https://h.example/","text":"abc"},"response":{}}]`
	for name, tc := range map[string]struct {
		call func(*testing.T, *httpscript.Transport)
		want string
	}{
		"never sent": {func(*testing.T, *httpscript.Transport) {}, "never sent POST https://h.example/"},
		"one too many": {func(t *testing.T, tr *httpscript.Transport) {
			t.Helper()
			for range 2 {
				_, _ = do(t, tr, "POST", "https://h.example/", "", "abc")
			}
			if n := len(tr.Sent()); n != 2 {
				t.Errorf("got %d requests, want 2", n)
			}
		}, "unexpected request POST https://h.example/"},
		"answer left open": {func(t *testing.T, tr *httpscript.Transport) {
			t.Helper()
			roundTrip(t, tr, strings.NewReader("abc"), 3)
		}, "was never closed"},
		"wrong length": {func(t *testing.T, tr *httpscript.Transport) {
			t.Helper()
			roundTrip(t, tr, strings.NewReader("abc"), 5)
		}, "the body has 3 bytes, but 5 were announced"},
		"body that breaks": {func(t *testing.T, tr *httpscript.Transport) {
			t.Helper()
			roundTrip(t, tr, iotest.ErrReader(errors.New("gone")), -1)
		}, "read the request body: gone"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tr := script(t, one)
			tc.call(t, tr)
			if d := strings.Join(tr.Diffs(), "\n"); !strings.Contains(d, tc.want) {
				t.Errorf("got %q, want %q", d, tc.want)
			}
		})
	}
}

// roundTrip sends a request and leaves its answer open.
func roundTrip(t *testing.T, rt http.RoundTripper, body io.Reader, length int64) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://h.example/", io.NopCloser(body))
	if err != nil {
		t.Fatal(err)
	}
	req.ContentLength = length
	_, _ = rt.RoundTrip(req)
}

func TestEndedContextIsNotSent(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	tr := script(t, `[]`)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://h.example/", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tr.RoundTrip(req); !errors.Is(err, context.Canceled) || len(tr.Sent()) > 0 {
		t.Errorf("got %v and %d requests", err, len(tr.Sent()))
	}
}

func TestUnorderedTakesTheBestFit(t *testing.T) {
	t.Parallel()
	const two = `[
		{"request":{"method":"GET","url":"https://h.example/a"},"response":{"text":"A"}},
		{"request":{"method":"POST","url":"https://h.example/b","body":{"n":1}},"response":{"text":"one"}},
		{"request":{"method":"POST","url":"https://h.example/b","body":{"n":2}},"response":{"text":"two"}}]`
	tr := script(t, two, httpscript.Unordered())
	for _, step := range [][4]string{
		{"POST", "https://h.example/b", `{"n":2}`, "two"},
		{"GET", "https://h.example/a", "", "A"},
		{"POST", "https://h.example/b", `{"n":3}`, "one"},
	} {
		if got, err := do(t, tr, step[0], step[1], "", step[2]); err != nil || !strings.HasSuffix(got, step[3]) {
			t.Errorf("got %q, %v; want %s", got, err, step[3])
		}
	}
	if d := tr.Diffs(); len(d) != 1 || !strings.Contains(d[0], "body: n is 3, want 1") {
		t.Errorf("got %q", d)
	}
	if _, err := do(t, tr, "GET", "https://h.example/a", "", ""); !errors.Is(err, httpscript.ErrUnexpected) {
		t.Errorf("got %v, want ErrUnexpected", err)
	}
}

func TestByContextKeepsCallsApart(t *testing.T) {
	t.Parallel()
	var strays []string
	client := &http.Client{Transport: httpscript.ByContext{Stray: func(r *http.Request) { strays = append(strays, r.URL.Host) }}}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			tr := script(t, `[{"request":{"method":"GET","url":"https://h.example/"},"response":{}}]`)
			req, err := http.NewRequestWithContext(httpscript.NewContext(t.Context(), tr), http.MethodGet, "https://h.example/", nil)
			if err != nil {
				t.Error(err)
				return
			}
			resp, err := client.Do(req)
			if err != nil {
				t.Error(err)
				return
			}
			_ = resp.Body.Close()
			if d := tr.Diffs(); len(d) > 0 {
				t.Errorf("got %q", d)
			}
		})
	}
	wg.Wait()
	if _, err := do(t, client.Transport, "GET", "https://stray.example/", "", ""); !errors.Is(err, httpscript.ErrUnexpected) || len(strays) != 1 {
		t.Errorf("got %v and strays %q", err, strays)
	}
}
