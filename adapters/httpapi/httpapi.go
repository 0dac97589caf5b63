// Package httpapi is Crier's HTTP API: operations of huma over *core.Engine
// that can be mounted on any router huma has an adapter for. An operation
// decodes, calls one use case and encodes; it knows no rule, no SQL and no
// platform.
//
// It changes nothing global. What makes errors look like Crier's lies in the
// Config that NewConfig returns (how JSON is read, and how huma's own errors are
// turned into ErrorBody) and in the operations themselves, so any number of APIs,
// Crier's and others, can live in one process.
//
//	mux := http.NewServeMux()
//	api := humago.New(mux, httpapi.NewConfig("My API", "1.0.0"))
//	err := httpapi.Register(api, engine, httpapi.Config{Secret: secret, PublicURL: "https://crier.example"})
//	handler := httpapi.Middleware(httpapi.MiddlewareConfig{Log: log})(mux)
package httpapi

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/crierhq/crier/core"
)

// What the API is called in its document, and which one it is. A host may use
// other words.
const (
	Title   = "Crier"
	Version = "1.0.0"
)

// MinSecret is how many bytes Config.Secret must have at least.
const MinSecret = 32

// Config is what the API needs beside the engine.
type Config struct {
	// Secret signs access tokens, and the keys of other signatures are derived
	// from it. At least MinSecret bytes; a change signs everybody out.
	Secret []byte
	// PublicURL is the address under which people and platforms reach the API,
	// without a slash at its end. Callbacks and links to files begin with it.
	PublicURL string
	// RateLimits bounds how often requests are answered. Default: as often as
	// they come.
	RateLimits RateLimits
	// Log gets what operators need to know. Default: nothing is logged.
	Log *slog.Logger
	// Now is the clock. Default time.Now.
	Now func() time.Time
}

// api is one registered API.
type api struct {
	huma   huma.API
	eng    *core.Engine
	cfg    Config
	tokens tokens
	links  links
	// providerList lists what Config.Providers of the engine can do.
	providerList func() []providerBody
}

// NewConfig returns the configuration that an API must be made with: how JSON
// is read and written, how errors look, and no pages or fields that huma would
// add. Change what you like, but leave Formats and Transformers in place.
func NewConfig(title, version string) huma.Config {
	schemas := huma.NewMapRegistry("#/components/schemas/", schemaName)
	// Operations of the host that name no errors are documented with ours, too.
	schemas.RegisterTypeAlias(reflect.TypeFor[huma.ErrorModel](), reflect.TypeFor[ErrorBody]())
	return huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info:    &huma.Info{Title: title, Version: version},
			Components: &huma.Components{
				Schemas: schemas,
				SecuritySchemes: map[string]*huma.SecurityScheme{
					keyAuth: {Type: "http", Scheme: "bearer", BearerFormat: "crier_…", Description: "An API key; see POST /settings/api-keys. It belongs into the header only, never into an address."},
					bearer:  {Type: "http", Scheme: "bearer", BearerFormat: "JWT", Description: "The access token of a sign-in; see POST /auth/login."},
				},
			},
		},
		Formats:       map[string]huma.Format{"application/json": strictJSON(), "json": strictJSON()},
		DefaultFormat: "application/json",
		Transformers:  []huma.Transformer{transformErrors},
	}
}

// Register adds all operations to an API that was made with NewConfig. It
// reports everything that is wrong with its arguments at once.
func Register(h huma.API, eng *core.Engine, cfg Config) error {
	var errs []error
	if eng == nil {
		errs = append(errs, errors.New("httpapi: an engine is required"))
	}
	if n := len(cfg.Secret); n < MinSecret {
		errs = append(errs, fmt.Errorf("httpapi: Config.Secret has %d bytes; at least %d are needed", n, MinSecret))
	}
	if u, err := url.Parse(cfg.PublicURL); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		errs = append(errs, errors.New("httpapi: Config.PublicURL must be an address such as https://crier.example"))
	}
	if err := cfg.RateLimits.check(); err != nil {
		errs = append(errs, err)
	}
	var probe any
	if h == nil || !errors.Is(h.Unmarshal("application/json", []byte(`"\u0000"`), &probe), errJSON) {
		errs = append(errs, errors.New("httpapi: the API must be made with the Config of NewConfig"))
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	register(h, eng, cfg)
	return nil
}

// OpenAPI returns the document of the API, which depends on nothing but its
// arguments.
func OpenAPI(title, version string) *huma.OpenAPI {
	h := huma.NewAPI(NewConfig(title, version), nowhere{})
	register(h, nil, Config{})
	return h.OpenAPI()
}

func register(h huma.API, eng *core.Engine, cfg Config) {
	cfg.PublicURL = strings.TrimRight(cfg.PublicURL, "/")
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	a := &api{
		huma: h, eng: eng, cfg: cfg,
		tokens: tokens{key: cfg.Secret, now: cfg.Now},
		links:  newLinks(cfg.Secret, cfg.PublicURL, cfg.Now),
	}
	a.providerList = sync.OnceValue(a.makeProviders)
	for _, add := range []func(){
		a.registerAuth, a.registerProofs, a.registerProofPages, a.registerOAuth, a.registerSessions, a.registerUsers, a.registerNotices, a.registerTOTP, a.registerExport,
		a.registerIntegrations, a.registerLookups, a.registerInsight, a.registerSlots, a.registerChannelPause, a.registerConnect, a.registerProviders,
		a.registerPosts, a.registerRepeat, a.registerFailures, a.registerApproval, a.registerPlaces, a.registerMembers, a.registerInvitations,
		a.registerAgencies, a.registerInstallation, a.registerMedia, a.registerFiles, a.registerJobs, a.registerCustomers, a.registerAPIKeys,
		a.registerAudit, a.registerPublic, a.registerHealth, a.registerDocument,
	} {
		add()
	}
	a.describe()
}
