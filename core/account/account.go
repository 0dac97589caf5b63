// Package account is who people are: registering, signing in, and staying
// signed in. It knows nothing of HTTP or of the format of access tokens.
package account

import (
	"context"
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/crierhq/crier/core/access"
	"github.com/crierhq/crier/core/audit"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/core/mailer"
	"github.com/crierhq/crier/core/recall"
	"github.com/crierhq/crier/ports/identity"
	"github.com/crierhq/crier/ports/password"
	"github.com/crierhq/crier/ports/seal"
	"github.com/crierhq/crier/ports/store"
)

// The bounds of what people choose.
const (
	minPassword = 8
	maxPassword = 256 // longer ones only cost time
	maxEmail    = 254
	maxName     = 128
)

// Registration says who may make an account.
type Registration string

// The registration modes.
const (
	RegistrationOpen   Registration = "open"   // everybody
	RegistrationFirst  Registration = "first"  // only the first person, who owns the installation
	RegistrationClosed Registration = "closed" // nobody
)

// Config is what the service needs. Hasher may be nil where a host keeps its
// own accounts; then people cannot register or sign in here.
type Config struct {
	Store  store.Store
	Access *access.Checker
	Audit  *audit.Log
	// Recall remembers who is signed in.
	Recall       *recall.Memory
	Hasher       password.Hasher
	Registration Registration
	// Identities are the services at which people may prove who they are. Their
	// ids differ.
	Identities []identity.Provider
	// Sealer keeps what a sign-in at a service needs while the person is away, and
	// what second factors share with phones.
	Sealer seal.Sealer
	// Mail has letters sent. Nil: addresses cannot be proven here, nor passwords
	// forgotten, and the next four fields are not needed.
	Mail *mailer.Service
	// MailToLog says that letters reach whoever runs the installation alone.
	MailToLog bool
	// RequireVerification says that nobody signs in with a password before they
	// have proven their address.
	RequireVerification bool
	// PublicURL is what links in letters begin with, without a slash at its end.
	PublicURL string
	// Jobs enqueues side jobs, outside of any transaction.
	Jobs interface {
		Enqueue(ctx context.Context, js ...domain.Job) error
	}
	// Wake tells workers that there may be something to do.
	Wake  func()
	Now   func() time.Time
	NewID func() string
}

// Service registers people and signs them in.
type Service struct{ cfg Config }

// New returns a Service.
func New(cfg Config) *Service { return &Service{cfg: cfg} }

// RegisterInput is what a person types in to register.
type RegisterInput struct {
	Email    string
	Password string
	// Name is how to address the person. It may be empty.
	Name string
	// Organization names the new organization. Empty: made from the name.
	Organization string
	// Zone is the IANA time zone of the organization. Empty: UTC.
	Zone string
	// From is where the person registers from.
	From Origin
}

// SignedIn is a person who proved who they are, with the token to stay signed
// in.
type SignedIn struct {
	User         domain.User
	Organization domain.Organization
	Role         domain.Role
	Session      domain.SessionID
	// Refresh is shown to the person's program once and stored nowhere.
	Refresh string
	// RefreshExpires is when Refresh ends.
	RefreshExpires time.Time
}

// Actor is the person as an actor in their organization.
func (s SignedIn) Actor() domain.Actor {
	return domain.Actor{Organization: s.Organization.ID, User: s.User.ID, Role: s.Role, Session: s.Session}
}

// Register makes a person, an organization that they own, and signs them in,
// unless they have to prove their address first: then there is no Session yet.
// Errors: Invalid with all problems; Conflict "email_taken"; Denied
// "registration_closed".
func (s *Service) Register(ctx context.Context, in RegisterInput) (SignedIn, error) {
	if err := s.ready(); err != nil {
		return SignedIn{}, err
	}
	in.Email = normalizeEmail(in.Email)
	in.Name, in.Organization = strings.TrimSpace(in.Name), strings.TrimSpace(in.Organization)
	if err := fault.Check(in.problems()); err != nil {
		return SignedIn{}, err
	}
	if err := s.mayRegister(ctx, s.cfg.Store); err != nil {
		return SignedIn{}, err
	}
	hash, err := s.cfg.Hasher.Hash(ctx, in.Password)
	if err != nil {
		return SignedIn{}, fmt.Errorf("register: %w", err)
	}
	proof, err := s.newVerification(ctx, in.Email)
	if err != nil {
		return SignedIn{}, fmt.Errorf("register: %w", err)
	}
	var out SignedIn
	err = s.enroll(ctx, in, domain.User{PasswordHash: hash}, func(ctx context.Context, r store.Repos, u domain.User, o domain.Organization) error {
		out, err = s.welcome(ctx, r, u, Place{Organization: o, Role: domain.RoleOwner}, proof, in.From)
		return err
	})
	if err != nil {
		return SignedIn{}, err
	}
	s.wake()
	return out, nil
}

// welcome has a person who registered with a password prove their address, unless
// that is proven, and signs them in, unless they have to prove it first.
func (s *Service) welcome(ctx context.Context, r store.Repos, u domain.User, p Place, proof handout, from Origin) (SignedIn, error) {
	if u.EmailVerifiedAt.IsZero() && (s.reaches() || s.cfg.RequireVerification) {
		if err := s.handOut(ctx, r, u.ID, proof); err != nil {
			return SignedIn{}, err
		}
	}
	if s.mustVerify(u) {
		return SignedIn{User: u, Organization: p.Organization, Role: p.Role}, nil
	}
	return s.open(ctx, r, u, p.Organization, p.Role, from)
}

// enroll makes a person with an organization that they own, if somebody may
// register now, and runs then in the same transaction. user holds how the
// person signs in. Errors: Conflict "email_taken"; Denied "registration_closed".
func (s *Service) enroll(ctx context.Context, in RegisterInput, user domain.User, then func(context.Context, store.Repos, domain.User, domain.Organization) error) error {
	err := s.cfg.Store.InTx(ctx, func(ctx context.Context, r store.Repos) error {
		if s.cfg.Registration == RegistrationFirst {
			// Two who register at once would both be the first: the row makes the
			// second wait until the transaction of the first has ended.
			if err := r.Secrets().Set(ctx, "account/first-registration", "-"); err != nil {
				return err
			}
		}
		if err := s.mayRegister(ctx, r); err != nil {
			return err
		}
		u, o, err := s.insert(ctx, r, in, user)
		if err != nil {
			return err
		}
		return then(ctx, r, u, o)
	})
	if errors.Is(err, fault.ErrConflict) {
		return emailTaken(err)
	}
	if err != nil {
		return fmt.Errorf("register: %w", err)
	}
	return nil
}

func emailTaken(err error) error {
	return &fault.Error{
		Kind: fault.Conflict, Code: "email_taken", Message: "There is an account with this e-mail address already.",
		Problems: []fault.Problem{{Field: "email", Rule: "taken", Message: "There is an account with this e-mail address already. Sign in instead."}}, Err: err,
	}
}

func (s *Service) insert(ctx context.Context, r store.Repos, in RegisterInput, user domain.User) (domain.User, domain.Organization, error) {
	now := domain.Instant(s.cfg.Now())
	org := domain.Organization{
		ID: domain.OrganizationID(s.cfg.NewID()), Name: in.Organization, Zone: in.Zone, CreatedAt: now, Version: 1,
	}
	if org.Name == "" {
		org.Name = orgName(in)
	}
	user.ID, user.Email, user.Name = domain.UserID(s.cfg.NewID()), in.Email, in.Name
	user.CreatedAt, user.Version = now, 1
	if err := r.Users().Insert(ctx, user); err != nil {
		return user, org, err
	}
	if err := r.Organizations().Insert(ctx, org); err != nil {
		return user, org, err
	}
	m := domain.Member{Organization: org.ID, User: user.ID, Role: domain.RoleOwner, CreatedAt: now}
	return user, org, r.Members().Insert(ctx, m)
}

// CreateOrganization makes an organization without people, for hosts that keep
// their own accounts.
func (s *Service) CreateOrganization(ctx context.Context, name, zone string) (domain.Organization, error) {
	name = strings.TrimSpace(name)
	var problems []fault.Problem
	problems = checkName(problems, "name", name, 1)
	problems = checkZone(problems, "zone", zone)
	if err := fault.Check(problems); err != nil {
		return domain.Organization{}, err
	}
	org := domain.Organization{
		ID: domain.OrganizationID(s.cfg.NewID()), Name: name, Zone: zone, CreatedAt: domain.Instant(s.cfg.Now()), Version: 1,
	}
	if err := s.cfg.Store.Organizations().Insert(ctx, org); err != nil {
		return domain.Organization{}, fmt.Errorf("create organization: %w", err)
	}
	return org, nil
}

// Organization returns the organization of an actor.
func (s *Service) Organization(ctx context.Context, a domain.Actor) (domain.Organization, error) {
	org, err := s.cfg.Store.Organizations().Get(ctx, a.Organization)
	if err != nil {
		return domain.Organization{}, fmt.Errorf("organization %s: %w", a.Organization, err)
	}
	return org, nil
}

// Empty reports whether nobody has registered yet.
func (s *Service) Empty(ctx context.Context) (bool, error) {
	n, err := s.cfg.Store.Users().Count(ctx)
	return n == 0, err
}

// AsOperator is a with the mark of those who may act for the whole
// installation, if a is the person who registered first here.
func (s *Service) AsOperator(ctx context.Context, a domain.Actor) (domain.Actor, error) {
	return AsOperator(ctx, s.cfg.Store, a)
}

// AsOperator is Service.AsOperator, as r has it now.
func AsOperator(ctx context.Context, r store.Repos, a domain.Actor) (domain.Actor, error) {
	first, err := r.Users().First(ctx)
	if err != nil && !errors.Is(err, fault.ErrNotFound) {
		return a, fmt.Errorf("who owns the installation: %w", err)
	}
	a.Operator = a.Operator || a.Key == "" && first.ID != "" && a.User == first.ID
	return a, nil
}

func (s *Service) ready() error {
	if s.cfg.Hasher == nil {
		return fault.New(fault.Unavailable, "no_accounts", "This installation keeps no accounts of its own.")
	}
	return nil
}

func (s *Service) mayRegister(ctx context.Context, r store.Repos) error {
	closed := fault.New(fault.Denied, "registration_closed", "Registration is closed here. Ask the owner for an invitation.")
	switch s.cfg.Registration {
	case RegistrationOpen:
		return nil
	case RegistrationFirst:
		n, err := r.Users().Count(ctx)
		if err != nil {
			return fmt.Errorf("register: %w", err)
		}
		if n == 0 {
			return nil
		}
		return closed
	default:
		return closed
	}
}

func (in RegisterInput) problems() []fault.Problem {
	var out []fault.Problem
	if !validEmail(in.Email) {
		out = append(out, fault.Problem{Field: "email", Rule: "format", Message: "Invalid email format"})
	}
	out = checkPassword(out, "password", in.Password)
	out = checkName(out, "name", in.Name, 0)
	out = checkName(out, "organization", in.Organization, 0)
	return checkZone(out, "timezone", in.Zone)
}

func validEmail(s string) bool {
	a, err := mail.ParseAddress(s)
	return err == nil && a.Address == s && len(s) <= maxEmail
}

func checkPassword(out []fault.Problem, field, pass string) []fault.Problem {
	if n := utf8.RuneCountInString(pass); n < minPassword || len(pass) > maxPassword {
		return append(out, fault.Problem{
			Field: field, Rule: "length",
			Message: fmt.Sprintf("A password has at least %d characters and at most %d bytes.", minPassword, maxPassword),
		})
	}
	return out
}

func checkName(out []fault.Problem, field, s string, minLen int) []fault.Problem {
	n := utf8.RuneCountInString(s)
	switch {
	case strings.ContainsRune(s, 0) || !utf8.ValidString(s):
		return append(out, fault.Problem{Field: field, Rule: "characters", Message: "This holds characters that cannot be stored."})
	case n < minLen:
		return append(out, fault.Problem{Field: field, Rule: "required", Message: "This is required."})
	case n > maxName:
		return append(out, fault.Problem{Field: field, Rule: "too_long", Message: fmt.Sprintf("This has %d characters; %d are allowed.", n, maxName)})
	}
	return out
}

func checkZone(out []fault.Problem, field, zone string) []fault.Problem {
	if _, err := time.LoadLocation(zone); err != nil || zone == "Local" {
		return append(out, fault.Problem{
			Field: field, Rule: "zone", Message: "This is not a time zone. Use a name such as Europe/Berlin.",
		})
	}
	return out
}

func normalizeEmail(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

func orgName(in RegisterInput) string {
	if in.Name != "" {
		return in.Name
	}
	local, _, _ := strings.Cut(in.Email, "@")
	return local
}
