package e2e_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
)

var (
	fuzzSeed  = flag.Uint64("fuzzseed", 1, "which requests TestRequestsThatNobodyShouldSend makes")
	fuzzCount = flag.Int("fuzzcount", 40, "how many requests it makes for each operation")
)

// TestRequestsThatNobodyShouldSend makes requests out of the document that are
// wrong in every way, to every operation. Each gets an answer that the document
// knows: never a failure of ours, always the error body. make fuzz-api does it at
// length.
func TestRequestsThatNobodyShouldSend(t *testing.T) {
	t.Parallel()
	for name, env := range databases() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t, env(t)...)
			f := &fuzz{scene: s, doc: openDocument(t), rand: rand.New(rand.NewPCG(*fuzzSeed, 0))} //nolint:gosec // the same seed makes the same requests
			f.collect()
			for _, op := range f.doc.operations {
				f.comeBack()
				for range *fuzzCount {
					f.one(op)
				}
				f.twice(op)
			}
			// Requests that all fail at the door would try nothing behind it.
			for _, status := range []int{200, 201, 204, 400, 401, 403, 404, 409, 413, 415} {
				if f.answers[status] == 0 {
					t.Errorf("no request was answered with %d; got %v", status, f.answers)
				}
			}
		})
	}
}

type fuzz struct {
	*scene
	doc  *document
	rand *rand.Rand
	ids  []place
	// answers counts the answers by their status.
	answers map[int]int
}

// place says whose id is below a path.
type place struct{ path, id string }

// collect makes one thing of each kind.
func (f *fuzz) collect() {
	f.answers = map[int]int{}
	post := f.scheduled(f.as[owner], f.channel)
	f.ids = []place{
		{"{delivery}", post.Deliveries[0].ID},
		{"/posts/", post.ID},
		{"/media/", f.file(f.as[owner]).ID},
		{"/agencies/", f.org},
		{"/dead-letters/", f.deadLetter()},
		{"/integrations/providers/", "stage"},
		{"/callback/", "stage"},
		{"/integrations/", f.channel},
	}
}

// comeBack signs everybody in again whose sign-in was ended by a request: with
// tokens that are good for nothing, what follows would only be tried at the door.
func (f *fuzz) comeBack() {
	f.t.Helper()
	for who := range f.tokens {
		if only(f.as[who].GetMe(f.t.Context())) != nil {
			f.enter(who, f.signIn(string(who)+"@example.org"))
		}
	}
}

// twice sends a key twice, which is refused whatever it means to the operation.
func (f *fuzz) twice(op *operation) {
	f.t.Helper()
	if _, ok := contentOf(op.doc["requestBody"])["application/json"]; !ok {
		return
	}
	req := f.request(op)
	for !strings.HasPrefix(req.Header.Get("Content-Type"), "application/json") || req.URL.RawQuery != "" || f.doc.find(req.Method, req.URL.EscapedPath()) != op || strings.Contains(req.URL.Path, "\x00") {
		req = f.request(op)
	}
	token, err := f.tokens[owner].Token(f.t.Context())
	f.must(err)
	req.Header = http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer " + token}}
	req.Body = io.NopCloser(strings.NewReader(`{"a":[{"\u0062":1,"b":1}]}`))
	rec := httptest.NewRecorder()
	f.app.ServeHTTP(rec, req)
	if rec.Code != http.StatusNotFound && (rec.Code != http.StatusBadRequest || !strings.Contains(rec.Body.String(), `"field":"a[0].b"`) || !strings.Contains(rec.Body.String(), `"code":"duplicate"`)) {
		f.t.Errorf("%s: a key that is there twice: got %d %s", op, rec.Code, clip(rec.Body.String()))
	}
}

// one makes a request of an operation and looks at the answer.
func (f *fuzz) one(op *operation) {
	f.t.Helper()
	req := f.request(op)
	rec := httptest.NewRecorder()
	f.app.ServeHTTP(rec, req)
	f.answers[rec.Code]++
	said := fmt.Sprintf("-fuzzseed=%d: %s %s", *fuzzSeed, req.Method, clip(req.URL.String()))
	// What is no path of the document any more, such as with an id that holds a
	// slash, gets the router's answer.
	if found := f.doc.find(req.Method, req.URL.EscapedPath()); found != op {
		if rec.Code >= 500 {
			f.t.Errorf("%s: got %d %s", said, rec.Code, clip(rec.Body.String()))
		}
		return
	}
	if rec.Code >= 500 && rec.Code != http.StatusServiceUnavailable {
		f.t.Errorf("%s: got %d %s", said, rec.Code, clip(rec.Body.String()))
		return
	}
	if rec.Code == http.StatusSeeOther {
		return
	}
	if err := f.known(op, rec); err != nil {
		f.t.Errorf("%s: %v", said, err)
	}
}

// known holds an answer against the document. A failure may be one that the
// operation does not list, but not one of another shape.
func (f *fuzz) known(op *operation, rec *httptest.ResponseRecorder) error {
	body := rec.Body.Bytes()
	if rec.Code < 400 {
		return f.doc.check(op, rec.Code, rec.Header(), body)
	}
	if strings.HasPrefix(rec.Header().Get("Content-Type"), "text/html") && strings.Contains(op.path, "callback") {
		return nil // a page for people
	}
	return f.doc.checkError("#/components/responses/BadRequest", rec.Code, rec.Header(), body)
}

func clip(s string) string {
	const most = 300
	return s[:min(len(s), most)]
}

// request is one of an operation that is wrong somewhere, mostly.
func (f *fuzz) request(op *operation) *http.Request {
	path, query := op.path, url.Values{}
	params, _ := op.doc["parameters"].([]any)
	headers := http.Header{}
	for _, p := range params {
		p := p.(map[string]any)
		name := p["name"].(string)
		switch p["in"] {
		case "path":
			path = strings.Replace(path, "{"+name+"}", url.PathEscape(f.id("{"+name+"}", op.path)), 1)
		case "query":
			if f.rand.IntN(2) == 0 {
				query.Add(name, f.text(p["schema"]))
			}
		case "header":
			if f.rand.IntN(2) == 0 {
				headers.Set(name, strings.Map(printable, f.text(p["schema"])))
			}
		}
	}
	if f.rand.IntN(10) == 0 {
		query.Add(f.odd(), f.odd())
	}
	raw := query.Encode()
	if f.rand.IntN(20) == 0 {
		raw += "&%zz=%ff;;a=b"
	}
	kind, body := f.body(op)
	req := httptest.NewRequestWithContext(f.t.Context(), op.method, "/", bytes.NewReader(body))
	req.URL = &url.URL{Path: path, RawQuery: raw}
	if plain, err := url.PathUnescape(path); err == nil {
		req.URL.Path, req.URL.RawPath = plain, path
	}
	req.Header = headers
	req.Header.Set("Content-Type", kind)
	f.authorize(req)
	return req
}

// authorize signs in as somebody, mostly as one who may do much.
func (f *fuzz) authorize(req *http.Request) {
	switch f.rand.IntN(12) {
	case 0:
		return
	case 1:
		req.Header.Set("Authorization", "Bearer "+strings.Map(printable, f.odd()))
	default:
		who := []caller{owner, owner, admin, user, viewer}[f.rand.IntN(5)]
		token, err := f.tokens[who].Token(f.t.Context())
		f.must(err)
		req.Header.Set("Authorization", "Bearer "+token)
	}
}

// printable drops what no header can hold.
func printable(r rune) rune {
	if r < ' ' || r == 0x7f {
		return -1
	}
	return r
}

// id is one that there is, and mostly the right one for one of these places;
// or that could be, or could not.
func (f *fuzz) id(places ...string) string {
	switch f.rand.IntN(8) {
	case 0:
		return f.odd()
	case 1:
		return "01900000-0000-7000-8000-000000000000"
	case 2:
		return f.ids[f.rand.IntN(len(f.ids))].id
	}
	for _, at := range places {
		for _, p := range f.ids {
			if strings.Contains(at, p.path) {
				return p.id
			}
		}
	}
	return f.channel
}

// oddities are texts that something stumbles over.
var oddities = []string{
	"", " ", "\x00", "a\x00b", "\xff\xfe", "\u202egnp.exe", "مرحبا بالعالم", "👩‍👩‍👧‍👦", "e\u0301", "\ufeff", "\u2028", "\ud7ff", "ﷺ",
	"'; DROP TABLE crier_posts; --", `"\`, "%00", "%s%n", "../../etc/passwd", "${jndi:ldap://x}", "<script>alert(1)</script>", "{{.}}",
	"null", "true", "NaN", "-1", "0", "1e309", "99999999999999999999", "0x10", "2030-02-30T25:61:00Z", "0000-01-01T00:00:00Z", "9999-12-31T23:59:59Z",
	"2030-03-31T02:30:00", "-9007199254740993", "a@b", "http://[::1]:namedport", "Europe/Berlin", "FREQ=SECONDLY;COUNT=9999999", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
	"*", `"*"`, `W/"1"`, `"9223372036854775808"`, "MC54", "Local", "/../x",
}

// odd is a text that nobody expects.
func (f *fuzz) odd() string {
	switch f.rand.IntN(10) {
	case 0:
		return strings.Repeat("x", []int{127, 128, 129, 500, 5000}[f.rand.IntN(5)])
	case 1:
		return strings.Repeat("字", 1+f.rand.IntN(300))
	case 2:
		b := make([]byte, f.rand.IntN(20))
		for i := range b {
			b[i] = byte(f.rand.IntN(256))
		}
		return string(b)
	default:
		return oddities[f.rand.IntN(len(oddities))]
	}
}

// text is a value of a parameter: right, or not.
func (f *fuzz) text(schema any) string {
	if f.rand.IntN(2) == 0 {
		return f.odd()
	}
	return fmt.Sprint(f.value(schema, 0))
}

// kinds are types of content; nearly all of them are wrong.
var kinds = []string{
	"application/json", "application/json; charset=utf-16", "text/plain", "", "application/xml", "multipart/form-data", "application/x-www-form-urlencoded",
	"multipart/form-data; boundary=x", ";", "application/json;;;", "application/json\t", "APPLICATION/JSON", "application/merge-patch+json",
}

// body is what is sent, and what it calls itself.
func (f *fuzz) body(op *operation) (kind string, body []byte) {
	kind = "application/json"
	if f.rand.IntN(10) == 0 {
		kind = kinds[f.rand.IntN(len(kinds))]
	}
	content := contentOf(op.doc["requestBody"])
	media, ok := content["application/json"].(map[string]any)
	if !ok {
		if len(content) > 0 {
			return f.form()
		}
		if f.rand.IntN(3) > 0 {
			return kind, nil
		}
		return kind, f.broken(nil)
	}
	v := f.value(media["schema"], 0)
	if example, ok := media["example"].(map[string]any); ok && f.rand.IntN(2) == 0 {
		v = f.almost(example)
	}
	text, err := json.Marshal(v)
	f.must(err)
	if f.rand.IntN(6) == 0 {
		text = f.broken(text)
	}
	return kind, text
}

// almost is an example with what there is here in it, and something odd.
func (f *fuzz) almost(example map[string]any) any {
	out := maps.Clone(example)
	for name, v := range out {
		if list, ok := v.([]any); ok && name == "integrations" && len(list) > 0 {
			out[name] = []any{f.channel}
		}
		if name == "provider" {
			out[name] = "stage"
		}
	}
	keys := slices.Sorted(maps.Keys(out))
	for range f.rand.IntN(3) {
		if len(keys) > 0 {
			out[keys[f.rand.IntN(len(keys))]] = f.misfit()
		}
	}
	return out
}

// form is an upload that is wrong somewhere.
func (f *fuzz) form() (kind string, body []byte) {
	var b strings.Builder
	for range f.rand.IntN(4) {
		name := []string{"file", "alt", "file", "other"}[f.rand.IntN(4)]
		b.WriteString("--x\r\nContent-Disposition: form-data; name=\"" + name + "\"; filename=\"" + strings.Map(printable, f.odd()) + "\"\r\n\r\n" + f.odd() + "\r\n")
	}
	if f.rand.IntN(3) > 0 {
		b.WriteString("--x--\r\n")
	}
	return "multipart/form-data; boundary=x", []byte(b.String())
}

// broken is JSON that is none, or that readers disagree about.
func (f *fuzz) broken(text []byte) []byte {
	switch f.rand.IntN(9) {
	case 0:
		return text[:f.rand.IntN(len(text)+1)]
	case 1:
		return append(bytes.Clone(text), text...)
	case 2: // the same key twice
		return bytes.Replace(text, []byte("{"), []byte(`{"content":1,"content":"a","email":[],"email":null,`), 1)
	case 3:
		return []byte(strings.Repeat(`{"a":`, 40) + "1" + strings.Repeat("}", 40))
	case 4:
		return []byte(strings.Repeat("[", 20_000))
	case 5:
		return []byte(`{"content":"\ud800","name":"\udc00\ud800","email":"\u0000"}`)
	case 6:
		return []byte("{\"content\":\"\xff\"}")
	case 7:
		return []byte([]string{"null", "[]", `""`, "1", "true", "-0", "1e999", " ", "\ufeff{}"}[f.rand.IntN(9)])
	default:
		return []byte(`{"content":"` + strings.Repeat("x", 1<<20) + `"}`)
	}
}

// value is one for a schema. Every now and then it does not fit.
func (f *fuzz) value(schema any, depth int) any {
	s, _ := schema.(map[string]any)
	if ref, ok := s["$ref"].(string); ok {
		s, _ = f.doc.components[strings.TrimPrefix(ref, "#/components/schemas/")].(map[string]any)
	}
	if f.rand.IntN(12) == 0 {
		return f.misfit()
	}
	if either, ok := s["oneOf"].([]any); ok {
		return f.value(either[f.rand.IntN(len(either))], depth)
	}
	if enum, ok := s["enum"].([]any); ok && f.rand.IntN(8) > 0 {
		return enum[f.rand.IntN(len(enum))]
	}
	switch s["type"] {
	case "object":
		return f.object(s, depth)
	case "array":
		out := []any{}
		for range f.rand.IntN(3) {
			out = append(out, f.value(s["items"], depth+1))
		}
		return out
	case "integer", "number":
		return f.number()
	case "boolean":
		return f.rand.IntN(2) == 0
	}
	if examples, ok := s["examples"].([]any); ok && f.rand.IntN(2) == 0 {
		return examples[0]
	}
	if f.rand.IntN(3) == 0 {
		return jsonText(f.id())
	}
	return jsonText(f.odd())
}

// jsonText is s as JSON can hold it.
func jsonText(s string) string { return strings.ToValidUTF8(s, "\ufffd") }

func (f *fuzz) number() any {
	return []any{0, 1, -1, 2, 50, 1 << 31, -1 << 40, int64(math.MaxInt64), int64(math.MinInt64), 1.5, 1e300, math.Copysign(0, -1)}[f.rand.IntN(12)]
}

func (f *fuzz) object(s map[string]any, depth int) any {
	out := map[string]any{}
	properties, _ := s["properties"].(map[string]any)
	const deepest = 6
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		required, _ := s["required"].([]any)
		if depth < deepest && f.rand.IntN(2) == 0 || slices.Contains(required, any(name)) && f.rand.IntN(8) > 0 {
			out[name] = f.value(properties[name], depth+1)
		}
	}
	if f.rand.IntN(15) == 0 {
		out[jsonText(f.odd())] = f.misfit()
	}
	return out
}

// misfit is a value that hardly anything is.
func (f *fuzz) misfit() any {
	return []any{
		nil, map[string]any{}, []any{}, []any{nil}, jsonText(f.odd()), f.number(), true, map[string]any{"": map[string]any{"a": []any{1}}},
	}[f.rand.IntN(8)]
}
