package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humaecho"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/labstack/echo/v4"

	"github.com/crierhq/crier/adapters/httpapi"
	"github.com/crierhq/crier/adapters/memblob"
	"github.com/crierhq/crier/adapters/memcache"
	"github.com/crierhq/crier/adapters/memidentity"
	"github.com/crierhq/crier/adapters/mempassword"
	"github.com/crierhq/crier/adapters/memrecur"
	"github.com/crierhq/crier/adapters/memseal"
	"github.com/crierhq/crier/adapters/memstore"
	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/identity"
	"github.com/crierhq/crier/ports/password"
	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/ports/store"
	"github.com/crierhq/crier/testkit/enginetest"
)

const (
	secret    = "0123456789abcdef0123456789abcdef"
	publicURL = "https://crier.example"
	maxUpload = 1 << 20
)

// world is an API over an engine that keeps everything in memory.
type world struct {
	t       testing.TB
	eng     *core.Engine
	store   store.Store
	hasher  password.Hasher
	api     huma.API
	handler http.Handler
	clock   *clock
	log     *buffer
	// service is where people may prove who they are.
	service *memidentity.Service
}

type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// router mounts the API somewhere.
type router func(huma.Config) (huma.API, http.Handler)

func onServeMux(cfg huma.Config) (huma.API, http.Handler) {
	mux := http.NewServeMux()
	mux.HandleFunc("/", httpapi.NotFound)
	return humago.New(mux, cfg), mux
}

func onEcho(cfg huma.Config) (huma.API, http.Handler) {
	e := echo.New()
	return humaecho.NewV4(e, cfg), e
}

func newWorld(t testing.TB, change ...func(*core.Config)) *world {
	t.Helper()
	return newWorldOn(t, onServeMux, change...)
}

func newWorldOn(t testing.TB, mount router, change ...func(*core.Config)) *world {
	t.Helper()
	return newWorldWith(t, mount, nil, change...)
}

// newWorldWith changes how the API is served, too.
func newWorldWith(t testing.TB, mount router, serve func(*httpapi.Config, *httpapi.MiddlewareConfig), change ...func(*core.Config)) *world {
	t.Helper()
	w := &world{t: t, clock: &clock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}, log: &buffer{}}
	blobs, err := memblob.New(w.clock.Now)
	must(t, err)
	sealer, err := memseal.New()
	must(t, err)
	hasher, err := mempassword.New(mempassword.Config{Iterations: 1})
	must(t, err)
	w.service, err = memidentity.New(memidentity.Config{})
	must(t, err)
	remembers, err := memcache.New(memcache.Config{Now: w.clock.Now})
	must(t, err)
	cfg := core.Config{
		Cache:      remembers,
		Identities: []identity.Provider{w.service},
		Store:      memstore.New(), Blobs: blobs, Sealer: sealer, Hasher: hasher, Now: w.clock.Now,
		Providers: []social.Provider{formPlatform{}, redirectPlatform{}}, Recur: memrecur.New(), MaxUpload: maxUpload,
	}
	for _, c := range change {
		c(&cfg)
	}
	w.store, w.hasher = cfg.Store, cfg.Hasher
	if cfg.Cache != nil {
		cfg.Cache, cfg.Store = enginetest.HoldsOnly(t, cfg.Cache, cfg.Store)
	}
	w.eng, err = core.New(cfg)
	must(t, err)
	log := slog.New(slog.NewJSONHandler(w.log, nil))
	var mux http.Handler
	w.api, mux = mount(httpapi.NewConfig("Crier", "1.0.0"))
	api := httpapi.Config{Secret: []byte(secret), PublicURL: publicURL, Log: log, Now: w.clock.Now}
	around := httpapi.MiddlewareConfig{Log: log, Now: w.clock.Now}
	if serve != nil {
		serve(&api, &around)
	}
	must(t, httpapi.Register(w.api, w.eng, api))
	w.handler = httpapi.Middleware(around)(mux)
	return w
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// json reads a value at a path such as "items.0.id".
func (a answer) json(path string) any {
	var v any
	if json.Unmarshal(a.body, &v) != nil {
		return nil
	}
	for step := range strings.SplitSeq(path, ".") {
		switch at := v.(type) {
		case map[string]any:
			v = at[step]
		case []any:
			var i int
			if _, err := fmt.Sscan(step, &i); err != nil || i >= len(at) {
				return nil
			}
			v = at[i]
		default:
			return nil
		}
	}
	return v
}

func (a answer) text(path string) string {
	s, _ := a.json(path).(string)
	return s
}

func (w *world) send(r *http.Request) answer {
	w.t.Helper()
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	return answer{status: rec.Code, header: rec.Header(), body: rec.Body.Bytes()}
}

// call sends body as JSON: text as it is, anything else encoded.
func (w *world) call(token, method, path string, body any, headers ...string) answer {
	w.t.Helper()
	var r io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		r = strings.NewReader(b)
	default:
		text, err := json.Marshal(b)
		must(w.t, err)
		r = bytes.NewReader(text)
	}
	req := httptest.NewRequestWithContext(w.t.Context(), method, path, r)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	return w.send(req)
}

// ok is call for what must work.
func (w *world) ok(want int, token, method, path string, body any) answer {
	w.t.Helper()
	a := w.call(token, method, path, body)
	if a.status != want {
		w.t.Fatalf("%s %s: got %d %s, want %d", method, path, a.status, a.body, want)
	}
	return a
}

// register makes a person and returns their access token.
func (w *world) register(email string) (token string) {
	w.t.Helper()
	return w.ok(201, "", "POST", "/auth/register", map[string]any{"email": email, "password": "long enough", "timezone": "Europe/Berlin"}).text("accessToken")
}

// member adds a person to an organization, who is in no other one, and returns
// their access token.
func (w *world) member(org domain.OrganizationID, role domain.Role, email string) (token string) {
	w.t.Helper()
	hash, err := w.hasher.Hash(w.t.Context(), "long enough")
	must(w.t, err)
	now := w.clock.Now()
	u := domain.User{ID: domain.UserID("user-" + email[:strings.Index(email, "@")]), Email: email, PasswordHash: hash, CreatedAt: now, Version: 1}
	must(w.t, w.store.Users().Insert(w.t.Context(), u))
	must(w.t, w.store.Members().Insert(w.t.Context(), domain.Member{Organization: org, User: u.ID, Role: role, CreatedAt: now}))
	return w.ok(200, "", "POST", "/auth/login", map[string]any{"email": email, "password": "long enough"}).text("accessToken")
}

// connect makes an integration and returns its id.
func (w *world) connect(token, account string) string {
	w.t.Helper()
	return w.ok(201, token, "POST", "/integrations/connect", map[string]any{
		"provider": "form", "fields": map[string]any{"account": account, "port": 443},
	}).text("integration.id")
}

// form builds a multipart body from fields; one named file gets a file name and
// the type in kind.
func form(kind string, fields ...[2]string) (contentType string, body []byte) {
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for _, f := range fields {
		h := textproto.MIMEHeader{"Content-Disposition": {`form-data; name="` + f[0] + `"`}}
		if f[0] == "file" {
			h.Set("Content-Disposition", `form-data; name="file"; filename="../a b.png"`)
			if kind != "" {
				h.Set("Content-Type", kind)
			}
		}
		part, _ := m.CreatePart(h)
		_, _ = part.Write([]byte(f[1]))
	}
	_ = m.Close()
	return m.FormDataContentType(), b.Bytes()
}

func (w *world) upload(token, contentType string, body []byte) answer {
	w.t.Helper()
	req := httptest.NewRequestWithContext(w.t.Context(), http.MethodPost, "/media/upload", bytes.NewReader(body))
	req.Header.Set("Content-Type", contentType)
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	return w.send(req)
}

const png = "\x89PNG\r\n\x1a\n and some more bytes"

// media uploads a file and returns its id.
func (w *world) media(token string) string {
	w.t.Helper()
	contentType, body := form("image/png", [2]string{"alt", "a cat"}, [2]string{"file", png})
	a := w.upload(token, contentType, body)
	if a.status != 201 {
		w.t.Fatalf("upload: got %d %s, want 201", a.status, a.body)
	}
	return a.text("id")
}

// formPlatform is connected with a form and takes short texts.
type formPlatform struct{}

type formValues struct {
	Account string `json:"account" required:"true" maxLength:"50"`
	Port    int    `json:"port" minimum:"1"`
}

type formSettings struct {
	Visibility string `json:"visibility" enum:"public,private"`
}

func (formPlatform) Descriptor() social.Descriptor {
	return social.Descriptor{
		ID: "form", Name: "Form", Markup: social.MarkupPlain, Settings: social.SchemaOf[formSettings](),
		Limits: social.Limits{
			Text: social.TextLimit{Max: 40, Count: social.CountRunes}, Replies: 3,
			Media: social.MediaLimit{Images: 2, Types: []social.MediaType{{MIME: "image/png", MaxBytes: 1 << 20}}},
		},
	}
}

func (formPlatform) Validate(it social.Item, _ social.Traits) []social.Problem {
	if strings.Contains(it.Text, "forbidden") {
		return []social.Problem{{Field: "text", Rule: "forbidden", Message: "This word is forbidden."}}
	}
	return nil
}

func (formPlatform) Publish(_ context.Context, t social.Target, it social.Item, _ social.Cursor) (social.Outcome, error) {
	if strings.Contains(it.Text, "lose") {
		return social.Outcome{}, social.Errorf(social.CodeOutcomeUnknown, "The answer was lost.")
	}
	if strings.Contains(it.Text, "refuse") {
		return social.Outcome{}, social.Errorf(social.CodeRejected, "The platform does not like this text.")
	}
	return social.Published(social.Ref{ID: t.Key, URL: "https://form.example/" + t.Account}), nil
}

func (formPlatform) ConnectForm() social.Schema { return social.SchemaOf[formValues]() }

func (formPlatform) ConnectWith(_ context.Context, v social.Values) (social.Connection, error) {
	if v["account"] == "nobody" {
		return social.Connection{}, social.Errorf(social.CodeRejected, "There is no such account.")
	}
	return social.Connection{Account: v["account"], Name: "Account " + v["account"]}, nil
}

func (formPlatform) Metrics(context.Context, social.Target, social.Ref) (social.Metrics, error) {
	return social.Metrics{social.MetricLikes: 3}, nil
}

func (formPlatform) AccountMetrics(_ context.Context, _ social.Target, p social.Period) (social.Series, error) {
	return social.Series{social.MetricFollowers: {{Day: p.From, Value: 7}}}, nil
}

// redirectPlatform is connected through its own page.
type redirectPlatform struct{}

func (redirectPlatform) Descriptor() social.Descriptor {
	return social.Descriptor{ID: "redirect.one-two_3", Name: "Redirect", Markup: social.MarkupMarkdown, Limits: social.Limits{Text: social.TextLimit{Max: 500}}}
}

func (redirectPlatform) Validate(social.Item, social.Traits) []social.Problem { return nil }

func (redirectPlatform) Publish(context.Context, social.Target, social.Item, social.Cursor) (social.Outcome, error) {
	return social.Outcome{}, social.Errorf(social.CodeUnsupported, "Not here.")
}

func (redirectPlatform) RedirectForm() social.Schema { return social.Schema{} }

func (redirectPlatform) BeginConnect(_ context.Context, in social.ConnectRequest) (social.Redirect, error) {
	return social.Redirect{URL: "https://redirect.example/?state=" + in.State + "&to=" + in.Callback}, nil
}

func (redirectPlatform) FinishConnect(_ context.Context, in social.Callback) (social.Connection, error) {
	if _, told := in.Query["state"]; told || in.Query["code"] != "good" {
		return social.Connection{}, social.Errorf(social.CodeRejected, "You did not allow it.")
	}
	return social.Connection{Account: "42", Name: `<b>Ann</b>`}, nil
}

func textLog(w io.Writer) *slog.Logger { return slog.New(slog.NewTextHandler(w, nil)) }
