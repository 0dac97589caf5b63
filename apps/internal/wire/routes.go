package wire

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2/adapters/humaecho"
	"github.com/labstack/echo/v4"

	"github.com/crierhq/crier/adapters/explorer"
	"github.com/crierhq/crier/adapters/httpapi"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
)

// ServeHTTP serves the API and the pages of hosted channels. Until the database
// was reached it says that it waits for it.
func (a *App) ServeHTTP(w http.ResponseWriter, r *http.Request) { (*a.handler.Load()).ServeHTTP(w, r) }

// serve makes h what is served from now on.
func (a *App) serve(h http.Handler) {
	log := a.env.Log.With("component", "http")
	h = httpapi.Middleware(httpapi.MiddlewareConfig{
		Log: log, TrustedProxies: a.cfg.Server.TrustedProxies,
		Origins: a.cfg.Server.Origins, Secure: strings.HasPrefix(a.cfg.Server.PublicURL, "https://"),
	})(patientBody(h))
	a.handler.Store(&h)
}

// serveWaiting answers for a server whose database cannot be reached.
func (a *App) serveWaiting(cause error) {
	mux := http.NewServeMux()
	mux.HandleFunc("/livez", func(w http.ResponseWriter, r *http.Request) {
		httpapi.SetRoute(r.Context(), "/livez")
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintln(w, `{"status":"ok"}`)
	})
	mux.HandleFunc("/readyz", func(w http.ResponseWriter, r *http.Request) {
		httpapi.SetRoute(r.Context(), "/readyz")
		httpapi.WriteError(w, r, httpapi.NotReady(fmt.Errorf("the store does not answer: %w", cause)))
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		httpapi.WriteError(w, r, &fault.Error{
			Kind: fault.Unavailable, Code: "starting", Message: "The database cannot be reached yet. Try again in a moment.", RetryAfter: retryEvery,
		})
	})
	a.serve(mux)
}

// routes is everything that is served once the database is there.
func (a *App) routes(eng wired) (http.Handler, error) {
	e := echo.New()
	e.IPExtractor = echo.ExtractIPDirect()
	e.HTTPErrorHandler = routeError
	limits, err := a.rateLimits()
	if err != nil {
		return nil, err
	}
	api := humaecho.NewV4(e, httpapi.NewConfig(httpapi.Title, httpapi.Version))
	err = httpapi.Register(api, eng.Engine, httpapi.Config{
		Secret: a.jwt, PublicURL: a.cfg.Server.PublicURL, RateLimits: limits, Log: a.env.Log.With("component", "http"),
	})
	if err != nil {
		return nil, err
	}
	e.GET("/", a.front)
	if err := explore(e); err != nil {
		return nil, err
	}
	taken := map[string]bool{"": true}
	for _, r := range e.Routes() {
		taken[first(r.Path)] = true
	}
	for id := range eng.sites {
		if taken[string(id)] {
			return nil, fmt.Errorf("the pages of the provider %s would hide a part of the API", id)
		}
	}
	return sites{api: e, pages: eng.sites}, nil
}

// apiPath is where the explorer is; the document lies below it.
const apiPath = "/api"

// explore serves the page that shows the API.
func explore(e *echo.Echo) error {
	page, err := explorer.New(explorer.Config{Title: httpapi.Title + " API", DocumentURL: apiPath + "/openapi.json", BasePath: apiPath})
	if err != nil {
		return err
	}
	for _, path := range page.Paths() {
		e.GET(path, func(c echo.Context) error {
			httpapi.SetRoute(c.Request().Context(), path)
			page.ServeHTTP(c.Response(), c.Request())
			return nil
		})
	}
	return nil
}

// routeError answers for the router as the API does.
func routeError(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	w, r := c.Response(), c.Request()
	he, ok := errors.AsType[*echo.HTTPError](err)
	switch {
	case ok && he.Code == http.StatusNotFound:
		httpapi.NotFound(w, r)
	case ok && he.Code == http.StatusMethodNotAllowed:
		httpapi.MethodNotAllowed(w, r)
	default:
		httpapi.WriteError(w, r, err)
	}
}

// sites hands requests to the pages of hosted channels, which lie under the
// name of their provider, and everything else to the API.
type sites struct {
	api   http.Handler
	pages map[domain.ProviderID]http.Handler
}

// ServeHTTP implements http.Handler.
func (s sites) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id := first(r.URL.Path)
	if h, ok := s.pages[domain.ProviderID(id)]; ok {
		httpapi.SetRoute(r.Context(), "/"+id+"/*")
		h.ServeHTTP(w, r)
		return
	}
	if r.Method == http.MethodHead && !strings.HasSuffix(r.URL.Path, "/file") {
		// Monitors like to ask with HEAD. net/http leaves the body away by itself;
		// files have an answer of their own, with their length.
		r = r.Clone(r.Context())
		r.Method = http.MethodGet
	}
	s.api.ServeHTTP(w, r)
}

// first is the first element of a path.
func first(path string) string {
	out, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return out
}

// front is what a person sees who opens the server's address.
func (a *App) front(c echo.Context) error {
	httpapi.SetRoute(c.Request().Context(), "/")
	return c.String(http.StatusOK, fmt.Sprintf(`Crier is running.

  Sign in, schedule and publish   %[1]s/api shows how; so does /api/openapi.json (or .yaml)
  Is it alive, is it ready?       %[1]s/livez, %[1]s/readyz
`, a.cfg.Server.PublicURL))
}
