package providertest

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/testkit/httpscript"
)

// world is the host that one call happens in: a network that is a script, and
// what an installation keeps.
type world struct {
	net   *httpscript.Transport
	mu    sync.Mutex
	vault map[string][]byte
	docs  []domain.Document
	files map[string][]byte
	// used is set once the vault or hosting was called.
	used atomic.Bool
	// wrote is set once hosting was changed.
	wrote atomic.Bool
}

func newWorld(c Case) *world {
	var opts []httpscript.Option
	if c.Unordered {
		opts = append(opts, httpscript.Unordered())
	}
	w := &world{net: httpscript.New(c.Exchanges, opts...), vault: map[string][]byte{}, files: map[string][]byte{}}
	for k, v := range c.Vault {
		w.vault[k] = []byte(v)
	}
	for k, v := range c.Files {
		w.files[k] = []byte(v)
	}
	for _, d := range c.Documents {
		w.docs = append(w.docs, domain.Document{Space: d.Space, Key: d.Key, At: d.At, Data: d.Data})
	}
	return w
}

type worldKey struct{}

// enter returns the context of a call in w.
func (w *world) enter(ctx context.Context) context.Context {
	return httpscript.NewContext(context.WithValue(ctx, worldKey{}, w), w.net)
}

// host gives Deps to one provider. Calls find their world by their context, so
// that one provider can serve many at once.
type host struct {
	log    *logbook
	mu     sync.Mutex
	ids    int
	clock  time.Time
	sameID bool
	stray  []string
}

func newHost() *host { return &host{log: &logbook{}, clock: Now()} }

// now is the clock of Deps.
func (h *host) now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.clock
}

// later moves the clock.
func (h *host) later(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.clock = h.clock.Add(d)
}

func (h *host) deps() social.Deps {
	return social.Deps{
		HTTP:  &http.Client{Transport: httpscript.ByContext{Stray: func(r *http.Request) { h.astray("request " + r.Method + " " + r.URL.Host) }}},
		Log:   slog.New(slog.NewTextHandler(h.log, &slog.HandlerOptions{Level: slog.LevelDebug - 4})),
		Now:   h.now,
		NewID: h.newID,
		Vault: vault{h},
		Hosting: &social.Hosting{
			BaseURL: "https://crier.example/hosted", Documents: documents{h}, Files: files{h},
		},
	}
}

func (h *host) newID() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.ids++; h.sameID {
		return "id-1"
	}
	return fmt.Sprintf("id-%d", h.ids)
}

func (h *host) astray(what string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.stray = append(h.stray, what+" without the caller's context")
}

func (h *host) strays() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.stray)
}

// find gives the locked world of ctx. A context that ended is an error, as it
// is in a real host.
func (h *host) find(ctx context.Context, what string) (*world, error) {
	w, ok := ctx.Value(worldKey{}).(*world)
	if !ok {
		h.astray(what)
		return nil, fmt.Errorf("providertest: %s without the caller's context", what)
	}
	w.used.Store(true)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	w.mu.Lock()
	return w, nil
}

type vault struct{ h *host }

func (v vault) Load(ctx context.Context, name string) ([]byte, bool, error) {
	w, err := v.h.find(ctx, "Vault.Load")
	if err != nil {
		return nil, false, err
	}
	defer w.mu.Unlock()
	b, ok := w.vault[name]
	return bytes.Clone(b), ok, nil
}

func (v vault) Save(ctx context.Context, name string, value []byte) error {
	w, err := v.h.find(ctx, "Vault.Save")
	if err != nil {
		return err
	}
	defer w.mu.Unlock()
	w.vault[name] = bytes.Clone(value)
	return nil
}

type documents struct{ h *host }

func (s documents) Put(ctx context.Context, d domain.Document) (domain.Document, error) {
	w, err := s.h.find(ctx, "Documents.Put")
	if err != nil {
		return domain.Document{}, err
	}
	defer w.mu.Unlock()
	w.wrote.Store(true)
	if i := w.index(d.Space, d.Key); i >= 0 {
		return copied(w.docs[i]), nil
	}
	w.docs = append(w.docs, copied(d))
	return copied(d), nil
}

func (s documents) Replace(ctx context.Context, d domain.Document) error {
	w, err := s.h.find(ctx, "Documents.Replace")
	if err != nil {
		return err
	}
	defer w.mu.Unlock()
	w.wrote.Store(true)
	i := w.index(d.Space, d.Key)
	if i < 0 {
		return fault.ErrNotFound
	}
	w.docs[i] = copied(d)
	return nil
}

func (s documents) Get(ctx context.Context, space, key string) (domain.Document, error) {
	w, err := s.h.find(ctx, "Documents.Get")
	if err != nil {
		return domain.Document{}, err
	}
	defer w.mu.Unlock()
	i := w.index(space, key)
	if i < 0 {
		return domain.Document{}, fault.ErrNotFound
	}
	return copied(w.docs[i]), nil
}

func (s documents) List(ctx context.Context, space string, limit int) ([]domain.Document, error) {
	w, err := s.h.find(ctx, "Documents.List")
	if err != nil {
		return nil, err
	}
	defer w.mu.Unlock()
	var out []domain.Document
	for _, d := range w.docs {
		if d.Space == space {
			out = append(out, copied(d))
		}
	}
	slices.SortStableFunc(out, func(a, b domain.Document) int { return b.At.Compare(a.At) })
	return out[:min(limit, len(out))], nil
}

func (s documents) Delete(ctx context.Context, space, key string) error {
	w, err := s.h.find(ctx, "Documents.Delete")
	if err != nil {
		return err
	}
	defer w.mu.Unlock()
	w.wrote.Store(true)
	if i := w.index(space, key); i >= 0 {
		w.docs = slices.Delete(w.docs, i, i+1)
	}
	return nil
}

func (w *world) index(space, key string) int {
	return slices.IndexFunc(w.docs, func(d domain.Document) bool { return d.Space == space && d.Key == key })
}

func copied(d domain.Document) domain.Document {
	d.Data = bytes.Clone(d.Data)
	return d
}

type files struct{ h *host }

func (f files) Put(ctx context.Context, key string, r io.Reader) (int64, error) {
	raw, err := io.ReadAll(r)
	if err != nil {
		return 0, err
	}
	w, err := f.h.find(ctx, "Files.Put")
	if err != nil {
		return 0, err
	}
	defer w.mu.Unlock()
	w.wrote.Store(true)
	w.files[key] = raw
	return int64(len(raw)), nil
}

func (f files) Open(ctx context.Context, key string) (io.ReadSeekCloser, error) {
	w, err := f.h.find(ctx, "Files.Open")
	if err != nil {
		return nil, err
	}
	defer w.mu.Unlock()
	raw, ok := w.files[key]
	if !ok {
		return nil, fault.ErrNotFound
	}
	return seekCloser{bytes.NewReader(raw)}, nil
}

func (f files) Delete(ctx context.Context, key string) error {
	w, err := f.h.find(ctx, "Files.Delete")
	if err != nil {
		return err
	}
	defer w.mu.Unlock()
	w.wrote.Store(true)
	delete(w.files, key)
	return nil
}

type seekCloser struct{ *bytes.Reader }

// Close implements io.Closer.
func (seekCloser) Close() error { return nil }

// source serves the bytes of a media: text, or a pattern of size bytes.
type source struct {
	text   []byte
	size   int64
	public string
}

func (m CaseMedia) source() source {
	switch {
	case m.Data != nil:
		return source{text: []byte(*m.Data), size: int64(len(*m.Data)), public: m.PublicURL}
	case m.DataBase64 != "":
		raw, err := base64.StdEncoding.DecodeString(m.DataBase64)
		if err != nil {
			raw = nil // Case.faults has said so.
		}
		return source{text: raw, size: int64(len(raw)), public: m.PublicURL}
	}
	return source{size: m.Bytes, public: m.PublicURL}
}

// Open implements social.Source.
func (s source) Open(ctx context.Context) (io.ReadCloser, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if s.text != nil {
		return io.NopCloser(bytes.NewReader(s.text)), nil
	}
	return io.NopCloser(io.LimitReader(&pattern{}, s.size)), nil
}

// PublicURL implements social.Source.
func (s source) PublicURL(ctx context.Context) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	if s.public == "" {
		return "", social.Errorf(social.CodeUnsupported, "This server has no public address for files.")
	}
	return s.public, nil
}

// pattern is an endless row of letters.
type pattern struct{ at int }

func (p *pattern) Read(b []byte) (int, error) {
	const letters = "abcdefghijklmnopqrstuvwxyz"
	for n := 0; n < len(b); {
		one := copy(b[n:], letters[p.at%len(letters):])
		p.at += one
		n += one
	}
	return len(b), nil
}

// logbook keeps what a provider logs.
type logbook struct {
	mu   sync.Mutex
	text strings.Builder
}

// Write implements io.Writer.
func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// String is all of it.
func (l *logbook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// patience bounds one call: nothing in a script takes time.
const patience = 30 * time.Second
