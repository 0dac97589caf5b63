package e2e_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/crierhq/crier/adapters/bunstore"
	"github.com/crierhq/crier/adapters/memmail"
	"github.com/crierhq/crier/apps/internal/config"
	"github.com/crierhq/crier/apps/internal/wire"
	"github.com/crierhq/crier/client"
	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/mail"
	"github.com/crierhq/crier/ports/queue"
	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/ports/store"
)

// caller is somebody who asks.
type caller string

const (
	owner    caller = "owner" // who registered first, and so runs the installation
	admin    caller = "admin"
	user     caller = "user"
	viewer   caller = "viewer"
	stranger caller = "stranger" // the owner of another organization
	nobody   caller = "nobody"
)

// scene is a server with an organization of everybody.
type scene struct {
	t       *testing.T
	app     *wire.App
	store   *bunstore.Store
	api     *client.Client // of nobody
	as      map[caller]*client.Client
	tokens  map[caller]client.Credentials
	org     string
	channel string
	mails   *memmail.Sender
	made    int
	ahead   atomic.Int64 // how far the server's clock is ahead of ours
}

const password = "correct horse battery staple"

// databases are where the server is tried.
func databases() map[string]func(*testing.T) []string {
	return map[string]func(*testing.T) []string{
		"SQLite": func(*testing.T) []string { return nil },
		"PostgreSQL and Redis": func(t *testing.T) []string {
			t.Helper()
			return []string{"DATABASE_URL=" + schema(t), "REDIS_URL=" + service(t, "TEST_REDIS_URL")}
		},
	}
}

// service is the address of something that the tests need.
func service(t *testing.T, variable string) string {
	t.Helper()
	address := os.Getenv(variable)
	switch {
	case address != "":
		return address
	case os.Getenv("CI") != "":
		t.Fatal(variable + " is not set, and CI must not leave it out")
	}
	t.Skip("NOT TESTED: set " + variable + ", or run it through apps/internal/devservices")
	return ""
}

// schema makes a schema of its own in the database that tests may use and
// returns a URL for it.
func schema(t *testing.T) string {
	t.Helper()
	u, err := url.Parse(service(t, "TEST_POSTGRES_DSN"))
	if err != nil {
		t.Fatal("TEST_POSTGRES_DSN is not a URL")
	}
	db, err := sql.Open("pgx", u.String())
	if err != nil {
		t.Fatal("TEST_POSTGRES_DSN cannot be opened")
	}
	name := "e2e_test_" + strings.ToLower(rand.Text())
	if _, err := db.ExecContext(t.Context(), "CREATE SCHEMA "+name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_, err := db.ExecContext(context.WithoutCancel(t.Context()), "DROP SCHEMA "+name+" CASCADE")
		if err := errors.Join(err, db.Close()); err != nil {
			t.Error(err)
		}
	})
	q := u.Query()
	q.Set("search_path", name)
	u.RawQuery = q.Encode()
	return u.String()
}

// newScene starts a server, with people of every role in one organization. Every
// answer is held against the document.
func newScene(t *testing.T, env ...string) *scene {
	t.Helper()
	s := &scene{t: t, as: map[caller]*client.Client{}, tokens: map[caller]client.Credentials{}, mails: memmail.New()}
	data := t.TempDir()
	env = append([]string{
		"DATA_DIR=" + data, "PUBLIC_URL=https://crier.example", "PUBLISH_GAP=0s", "PUBLISH_BACKOFF=10ms", "REGISTRATION=open", "MAX_UPLOAD_BYTES=1MiB",
		"RATE_LIMIT_ADDRESS=0", "RATE_LIMIT_SIGN_IN=0", "RATE_LIMIT_USER=0", "RATE_LIMIT_KEY=0", "RATE_LIMIT_COSTLY=0", "RATE_LIMIT_ORGANIZATION=0",
	}, env...)
	cfg, err := config.Load(env, os.ReadFile)
	s.must(err)
	s.app, err = wire.Build(t.Context(), cfg, wire.Environment{
		Environ: env, ReadFile: os.ReadFile, Log: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelError + 1})),
		Adjust: func(c *core.Config) {
			c.Now = s.now
			c.Mail = core.MailConfig{Sender: s.mails, From: mail.Address{Email: "crier@example.org"}, URL: "https://crier.example"}
			c.Providers = append(c.Providers, platform{})
			c.Jobs = append(c.Jobs, core.JobKind{Name: "broken", Do: func(context.Context, domain.Job) error {
				return queue.Discard(errors.New("this never works"))
			}})
		},
	})
	s.must(err)
	t.Cleanup(func() {
		if err := s.app.Close(); err != nil {
			t.Error(err)
		}
	})
	where := string(cfg.Storage.DatabaseURL)
	if where == "" {
		where = filepath.Join(data, "crier.db")
	}
	s.store, err = bunstore.Open(t.Context(), bunstore.Config{URL: where})
	s.must(err)
	t.Cleanup(func() { s.must(s.store.Close()) })

	srv := httptest.NewServer(s.app)
	t.Cleanup(srv.Close)
	s.api, err = client.New(client.Config{BaseURL: srv.URL, HTTP: &http.Client{
		Timeout: 20 * time.Second, Transport: &watch{t: t, doc: openDocument(t), next: srv.Client().Transport},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}})
	s.must(err)
	s.people()
	s.channel = s.connect()
	return s
}

func (s *scene) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// people registers an owner and a stranger, and makes the others members.
func (s *scene) people() {
	s.t.Helper()
	ctx := s.t.Context()
	s.as[nobody] = s.api
	for _, who := range []caller{owner, stranger} {
		in, err := s.api.Register(ctx, client.Register{Email: string(who) + "@example.org", Password: password, Name: string(who)})
		s.must(err)
		s.enter(who, in)
		if who == owner {
			s.org = in.Organization.ID
		}
	}
	for who, role := range map[caller]domain.Role{admin: domain.RoleAdmin, user: domain.RoleUser, viewer: domain.RoleViewer} {
		s.member(string(who)+"@example.org", role)
		s.enter(who, s.signIn(string(who)+"@example.org"))
	}
}

// member makes somebody who belongs to the organization, with the password of
// everybody here, and returns their id.
func (s *scene) member(email string, role domain.Role) (id string) {
	s.t.Helper()
	s.must(s.store.InTx(s.t.Context(), func(ctx context.Context, r store.Repos) error {
		u, err := r.Users().ByEmail(ctx, "owner@example.org")
		if err != nil {
			return err
		}
		id = rand.Text()
		u.ID, u.Email, u.CreatedAt = domain.UserID(id), email, u.CreatedAt.Add(time.Second)
		m := domain.Member{Organization: domain.OrganizationID(s.org), User: u.ID, Role: role, CreatedAt: u.CreatedAt}
		return errors.Join(r.Users().Insert(ctx, u), r.Members().Insert(ctx, m))
	}))
	return id
}

// signIn is a sign-in of somebody with the password of everybody here.
func (s *scene) signIn(email string) *client.Session {
	s.t.Helper()
	in, err := s.api.Login(s.t.Context(), client.Login{Email: email, Password: password})
	s.must(err)
	return in
}

// leave has somebody leave the organization, and come back if that worked. They
// come back to where they belonged first, for a sign-in leads there.
func (s *scene) leave(c *client.Client) error {
	s.t.Helper()
	err := c.LeaveOrganization(s.t.Context(), s.org)
	if err != nil {
		return err
	}
	for _, who := range []caller{admin, user, viewer} {
		if s.as[who] != c {
			continue
		}
		s.must(s.store.InTx(s.t.Context(), func(ctx context.Context, r store.Repos) error {
			u, err := r.Users().ByEmail(ctx, string(who)+"@example.org")
			if err != nil {
				return err
			}
			return r.Members().Insert(ctx, domain.Member{
				Organization: domain.OrganizationID(s.org), User: u.ID, Role: domain.Role(who), CreatedAt: u.CreatedAt.Add(-time.Hour),
			})
		}))
		s.enter(who, s.signIn(string(who)+"@example.org"))
	}
	return nil
}

// handOn has somebody hand the organization on, and takes it back if that worked.
func (s *scene) handOn(c *client.Client) error {
	s.t.Helper()
	email := s.new() + "@example.org"
	heir := s.member(email, domain.RoleViewer)
	if err := c.TransferOrganization(s.t.Context(), s.org, client.TransferRequest{UserID: heir}); err != nil {
		return err
	}
	back := s.api.As(client.NewRenewer(s.api, *s.signIn(email)))
	return back.TransferOrganization(s.t.Context(), s.org, client.TransferRequest{UserID: s.signIn("owner@example.org").User.ID})
}

// ended marks the organization for deletion; revive takes that back.
func (s *scene) ended() (revive func()) {
	s.t.Helper()
	s.must(only(s.as[owner].DeleteOrganization(s.t.Context(), s.org)))
	return s.revive
}

func (s *scene) revive() {
	s.t.Helper()
	err := only(s.as[owner].KeepOrganization(s.t.Context(), s.org))
	s.must(answered(409, err)) // nothing is to be deleted
	s.must(only(s.as[owner].ResumeOrganization(s.t.Context(), s.org)))
}

// invitation is one to the organization, or to another one of a stranger.
func (s *scene) invitation(by *client.Client, org string) *client.Invitation {
	s.t.Helper()
	out, err := by.InviteMember(s.t.Context(), org, client.InviteRequest{Role: client.InviteRequestRoleViewer})
	s.must(err)
	return out
}

// elsewhere invites to an organization where nobody is.
func (s *scene) elsewhere() *client.Invitation {
	s.t.Helper()
	org, err := s.as[stranger].CreateOrganization(s.t.Context(), client.OrganizationFields{Name: s.new()})
	s.must(err)
	in, err := s.as[stranger].SwitchOrganization(s.t.Context(), org.ID)
	s.must(err)
	return s.invitation(s.api.As(client.NewRenewer(s.api, *in)), org.ID)
}

// secret is what the link of an invitation holds.
func secret(v *client.Invitation) string {
	_, token, _ := strings.Cut(v.Link, "#token=")
	return token
}

// enter remembers a sign-in.
func (s *scene) enter(who caller, in *client.Session) {
	s.tokens[who] = client.NewRenewer(s.api, *in)
	s.as[who] = s.api.As(s.tokens[who])
}

// new is a name that nothing has yet.
func (s *scene) new() string {
	s.made++
	return fmt.Sprint("n", s.made)
}

// connect makes an account of the organization.
func (s *scene) connect() (id string) {
	s.t.Helper()
	out, err := s.as[owner].ConnectIntegration(s.t.Context(), client.ConnectRequest{
		Provider: "stage", Fields: map[string]any{"account": s.new()}, Method: client.ConnectRequestMethodForm,
	})
	s.must(err)
	return out.Integration.ID
}

// customer makes a customer of the organization.
func (s *scene) customer() (id string) {
	s.t.Helper()
	out, err := s.as[owner].CreateCustomer(s.t.Context(), client.CustomerName{Name: s.new()})
	s.must(err)
	return out.ID
}

// key makes an API key of the owner that may read.
func (s *scene) key() *client.NewProgramKey {
	s.t.Helper()
	out, err := s.as[owner].CreateAPIKey(s.t.Context(), client.CreateKeyRequest{Name: s.new(), Scope: client.CreateKeyRequestScopeRead})
	s.must(err)
	return out
}

// begin starts to connect an account and returns the state that comes back.
func (s *scene) begin() string {
	s.t.Helper()
	out, err := s.as[owner].ConnectIntegration(s.t.Context(), client.ConnectRequest{Provider: "stage", Method: client.ConnectRequestMethodRedirect})
	s.must(err)
	return out.State
}

// choice is a person who came back and chooses both of two places.
func (s *scene) choice() client.ChooseRequest {
	s.t.Helper()
	resp, err := s.as[owner].FinishConnect(s.t.Context(), "stage", client.FinishConnectParams{State: s.begin(), Code: "two " + s.new()})
	s.must(err)
	defer func() { _ = resp.Body.Close() }()
	var out client.Connect
	s.must(json.NewDecoder(resp.Body).Decode(&out))
	in := client.ChooseRequest{Provider: "stage", State: out.State}
	for _, c := range out.Choices {
		in.Accounts = append(in.Accounts, c.Account)
	}
	if len(in.Accounts) != 2 {
		s.t.Fatalf("got the choices %+v, want two", out.Choices)
	}
	return in
}

// post makes a post of whoever asks, where they may write; else it is the
// owner's.
func (s *scene) post(c *client.Client, in client.PostInput) *client.Post {
	s.t.Helper()
	if c != s.as[user] && c != s.as[admin] {
		c = s.as[owner]
	}
	p, err := c.CreatePost(s.t.Context(), in)
	s.must(err)
	return p
}

func (s *scene) draft(c *client.Client) *client.Post {
	s.t.Helper()
	return s.post(c, client.PostInput{Content: "A draft."})
}

func (s *scene) scheduled(c *client.Client, on string) *client.Post {
	s.t.Helper()
	return s.post(c, client.PostInput{
		Content: "Later.", Integrations: []client.TargetInput{{ID: on}}, ScheduledAt: s.now().Add(24 * time.Hour).Format(time.RFC3339),
	})
}

// published makes a post that is tried at once: text says what the platform
// does with it.
func (s *scene) published(c *client.Client, text string) *client.Post {
	s.t.Helper()
	p := s.post(c, client.PostInput{Content: text, Integrations: []client.TargetInput{{ID: s.connect()}}, Type: client.PostInputTypeNow})
	s.tick()
	p, err := s.as[owner].GetPost(s.t.Context(), p.ID)
	s.must(err)
	return p
}

func (s *scene) now() time.Time { return time.Now().Add(time.Duration(s.ahead.Load())) }

// soon is what is waited for; posts for later are due after it.
const soon = 10 * time.Minute

// tick does what is due now or soon, and lets the time in between pass.
func (s *scene) tick() {
	s.t.Helper()
	for range 20 {
		_, next, err := s.app.Engine().Tick(s.t.Context())
		s.must(err)
		left := next.Sub(s.now())
		if next.IsZero() || left > soon {
			return
		}
		s.ahead.Add(int64(max(left, 0)))
	}
	s.t.Fatal("there is no end to what is due")
}

// deadLetter makes a side job that failed for good.
func (s *scene) deadLetter() string {
	s.t.Helper()
	id := s.new()
	s.must(s.app.Engine().Jobs.Enqueue(s.t.Context(), domain.Job{ID: domain.JobID(id), Organization: domain.OrganizationID(s.org), Kind: "broken"}))
	s.tick()
	return id
}

// file uploads a picture.
func (s *scene) file(c *client.Client) *client.Media {
	s.t.Helper()
	if c != s.as[user] && c != s.as[admin] {
		c = s.as[owner]
	}
	m, err := c.UploadFile(s.t.Context(), picture())
	s.must(err)
	return m
}

func picture() client.File {
	return client.File{Name: "a.png", Alt: "Nothing.", Content: strings.NewReader("\x89PNG\r\n\x1a\n and some more bytes")}
}

// platform is connected in every way, and does what a text says.
type platform struct{}

type platformForm struct {
	Account string `json:"account" required:"true" maxLength:"50"`
}

type platformSettings struct {
	Room string `json:"room,omitempty" lookup:"true" doc:"Where it is shown."`
}

// Descriptor implements social.Provider.
func (platform) Descriptor() social.Descriptor {
	return social.Descriptor{
		ID: "stage", Name: "Stage", Markup: social.MarkupPlain, Settings: social.SchemaOf[platformSettings](),
		Limits: social.Limits{
			Text: social.TextLimit{Max: 500, Count: social.CountRunes}, Replies: 3,
			Media: social.MediaLimit{Images: 2, Types: []social.MediaType{{MIME: "image/png", MaxBytes: 1 << 20}}},
		},
	}
}

// Validate implements social.Provider.
func (platform) Validate(social.Item, social.Traits) []social.Problem { return nil }

// Publish implements social.Provider.
func (platform) Publish(_ context.Context, t social.Target, it social.Item, _ social.Cursor) (social.Outcome, error) {
	switch {
	case strings.Contains(it.Text, "lose"):
		return social.Outcome{}, social.Errorf(social.CodeOutcomeUnknown, "The answer was lost.")
	case strings.Contains(it.Text, "refuse"):
		return social.Outcome{}, social.Errorf(social.CodeRejected, "The platform does not like this text.")
	}
	return social.Published(social.Ref{ID: t.Key, URL: "https://stage.example/" + t.Account}), nil
}

// ConnectForm implements social.FormConnector.
func (platform) ConnectForm() social.Schema { return social.SchemaOf[platformForm]() }

// ConnectWith implements social.FormConnector.
func (platform) ConnectWith(_ context.Context, v social.Values) (social.Connection, error) {
	return social.Connection{Account: v["account"], Name: "Account " + v["account"]}, nil
}

// RedirectForm implements social.RedirectConnector.
func (platform) RedirectForm() social.Schema { return social.Schema{} }

// BeginConnect implements social.RedirectConnector.
func (platform) BeginConnect(_ context.Context, in social.ConnectRequest) (social.Redirect, error) {
	return social.Redirect{URL: "https://stage.example/?state=" + in.State}, nil
}

// FinishConnect implements social.RedirectConnector.
func (platform) FinishConnect(_ context.Context, in social.Callback) (social.Connection, error) {
	return social.Connection{Account: "by redirect " + in.Query["code"], Name: "Ann"}, nil
}

// Choices implements social.Chooser: some sign-ins lead to two places.
func (platform) Choices(_ context.Context, who social.Connection) ([]social.Connection, error) {
	out := []social.Connection{who}
	if strings.Contains(who.Account, "two") {
		other := who
		other.Account, other.Name = who.Account+" also", "Ben"
		out = append(out, other)
	}
	return out, nil
}

// Options implements social.OptionLister.
func (platform) Options(_ context.Context, _ social.Target, q social.OptionQuery) ([]social.Option, error) {
	return []social.Option{{Value: "1", Label: "Room " + q.Search}}, nil
}

// Mentions implements social.Mentioner.
func (platform) Mentions(_ context.Context, _ social.Target, search string) ([]social.Mention, error) {
	return []social.Mention{{Text: "@" + search, Name: search}}, nil
}

// Metrics implements social.Meter.
func (platform) Metrics(context.Context, social.Target, social.Ref) (social.Metrics, error) {
	return social.Metrics{social.MetricLikes: 3}, nil
}

// AccountMetrics implements social.AccountMeter.
func (platform) AccountMetrics(_ context.Context, _ social.Target, p social.Period) (social.Series, error) {
	return social.Series{social.MetricFollowers: {{Day: p.From, Value: 7}}}, nil
}

// Refresh implements social.Refresher.
func (platform) Refresh(context.Context, social.Target) (social.Credential, error) {
	return social.Credential{Access: "new"}, nil
}
