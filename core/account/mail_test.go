package account_test

import (
	"context"
	"errors"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/crierhq/crier/adapters/memmail"
	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/account"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/core/token"
	"github.com/crierhq/crier/ports/mail"
	"github.com/crierhq/crier/ports/store"
	"github.com/crierhq/crier/testkit/enginetest"
)

// mailed is an engine that has mail.
type mailed struct {
	*enginetest.Engine
	sender *memmail.Sender
	read   int
}

func newMailed(t *testing.T, options ...func(*core.Config)) *mailed {
	t.Helper()
	p := &mailed{sender: memmail.New()}
	p.Engine = enginetest.New(t, append([]func(*core.Config){func(c *core.Config) {
		c.Mail = core.MailConfig{
			Sender: p.sender, From: mail.Address{Name: "Crier", Email: "crier@example.org"}, URL: "https://crier.example/",
		}
	}}, options...)...)
	return p
}

func toLog(c *core.Config) { c.Mail.ToLog = true }

// Where mail reaches nobody but the log, it holds what somebody asked for.
func TestTheLogGetsOnlyWhatSomebodyAskedFor(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		options []func(*core.Config)
		want    int
	}{"verification is skipped": {[]func(*core.Config){toLog}, 0}, "it is required": {[]func(*core.Config){toLog, required}, 1}} {
		p := newMailed(t, c.options...)
		s, err := p.Accounts.Register(t.Context(), ann())
		if err != nil {
			t.Fatal(err)
		}
		if got := p.arrived(t); len(got) != c.want {
			t.Errorf("%s: got %d mails after registering, want %d", name, len(got), c.want)
		}
		if s.Session != "" {
			if err := p.Accounts.ChangePassword(t.Context(), s.Actor(), ann().Password, "another horse"); err != nil {
				t.Error(err)
			}
			if got := p.arrived(t); len(got) != 0 {
				t.Errorf("%s: got %q after a new password, want no mail", name, got[0].Subject)
			}
		}
		if err := p.Accounts.ForgotPassword(t.Context(), ann().Email); err != nil {
			t.Error(err)
		}
		// The wish is a job, and the letter another one.
		if got := append(p.arrived(t), p.arrived(t)...); len(got) != 1 {
			t.Errorf("%s: got %d mails after asking for one, want 1", name, len(got))
		}
	}
}

func required(c *core.Config) { c.RequireVerification = true }

// arrived runs what is due and returns the mails that came since the last call.
func (p *mailed) arrived(t *testing.T) []mail.Message {
	t.Helper()
	if _, _, err := p.Tick(t.Context()); err != nil {
		t.Fatal(err)
	}
	all := p.sender.Sent()
	out := all[p.read:]
	p.read = len(all)
	return out
}

var linkIn = regexp.MustCompile(`https://\S+`)

// secretFor returns the secret in the only mail that arrived, which links to
// path.
func (p *mailed) secretFor(t *testing.T, path string) string {
	t.Helper()
	mails := p.arrived(t)
	if len(mails) != 1 {
		t.Fatalf("got %d mails, want 1", len(mails))
	}
	link, err := url.Parse(linkIn.FindString(mails[0].Text))
	if err != nil {
		t.Fatal(err)
	}
	secret, ok := strings.CutPrefix(link.Fragment, "token=")
	if !ok || link.Host != "crier.example" || link.Path != path || secret == "" {
		t.Fatalf("got the link %v, want one to %s with a token", link, path)
	}
	if !strings.Contains(mails[0].HTML, secret) {
		t.Errorf("the HTML does not hold the link:\n%s", mails[0].HTML)
	}
	return secret
}

// refusedLink checks that a link is good for nothing.
func refusedLink(t *testing.T, what string, err error) {
	t.Helper()
	if !errors.Is(err, &fault.Error{Kind: fault.Invalid, Code: "link_refused"}) {
		t.Errorf("%s: got error %v, want link_refused", what, err)
	}
}

func (p *mailed) user(t *testing.T, email string) domain.User {
	t.Helper()
	u, err := p.Store.Users().ByEmail(t.Context(), email)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestAddressIsProvenByTheLinkOnce(t *testing.T) {
	t.Parallel()
	p := newMailed(t)
	s := register(t, p.Engine)
	if s.Session == "" {
		t.Error("nobody is signed in, although verification is not required")
	}
	secret := p.secretFor(t, "/verify-email")
	if dump := enginetest.Dump(p.Store); strings.Contains(dump, secret) {
		t.Error("the secret can be read in the store")
	}
	if err := p.Accounts.VerifyEmail(t.Context(), secret); err != nil {
		t.Fatal(err)
	}
	if got := p.user(t, "ann@example.com").EmailVerifiedAt; !got.Equal(enginetest.Start) {
		t.Errorf("verified at: got %v, want %v", got, enginetest.Start)
	}
	refusedLink(t, "the second time", p.Accounts.VerifyEmail(t.Context(), secret))
	refusedLink(t, "no secret", p.Accounts.VerifyEmail(t.Context(), ""))
}

func TestSecretsAreSealedWhileTheyWait(t *testing.T) {
	t.Parallel()
	p := newMailed(t)
	p.sender.Fail(errors.New("the mail server is away"))
	register(t, p.Engine)
	if got := p.arrived(t); len(got) > 0 {
		t.Fatalf("got %d mails, want none yet", len(got))
	}
	waiting := enginetest.Dump(p.Store)
	if !strings.Contains(waiting, "mail.letter") {
		t.Fatal("there is no letter waiting")
	}
	p.sender.Fail(nil)
	p.Clock.Advance(time.Hour)
	secret := p.secretFor(t, "/verify-email")
	if strings.Contains(waiting, secret) || strings.Contains(waiting, "verify-email") {
		t.Error("the secret could be read in the store while the letter waited")
	}
}

func TestNobodySignsInUnverifiedWhereItIsRequired(t *testing.T) {
	t.Parallel()
	p := newMailed(t, required)
	s := register(t, p.Engine)
	if s.Session != "" || s.Refresh != "" || s.User.ID == "" || s.Organization.ID == "" {
		t.Errorf("got %+v, want a person and an organization, and no sign-in", s)
	}
	_, err := p.Accounts.Login(t.Context(), account.LoginInput{Email: "ann@example.com", Password: "correct horse"})
	if !errors.Is(err, &fault.Error{Kind: fault.Denied, Code: "email_unverified"}) {
		t.Errorf("login: got error %v, want email_unverified", err)
	}
	if _, err := p.Accounts.Login(t.Context(), account.LoginInput{Email: "ann@example.com", Password: "wrong"}); fault.KindOf(err) != fault.Unauthenticated {
		t.Errorf("login with a wrong password: got error %v, want nothing told of the account", err)
	}
	if err := p.Accounts.VerifyEmail(t.Context(), p.secretFor(t, "/verify-email")); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Accounts.Login(t.Context(), account.LoginInput{Email: "ann@example.com", Password: "correct horse"}); err != nil {
		t.Errorf("login after the proof: got error %v, want none", err)
	}
}

// TestTheInvitedProveTheirAddress: whoever came by a link that was not mailed to
// them may type in the address of somebody else.
func TestTheInvitedProveTheirAddress(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		proven  bool
		options []func(*core.Config)
		in      bool
		mails   int
	}{
		"required":             {false, []func(*core.Config){required}, false, 1},
		"required, and proven": {true, []func(*core.Config){required}, true, 0},
		"not required":         {false, nil, true, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newMailed(t, tc.options...)
			s, err := p.Accounts.RegisterInvited(t.Context(), ann(), func(_ context.Context, _ store.Repos, u *domain.User) (account.Place, error) {
				if tc.proven {
					u.EmailVerifiedAt = u.CreatedAt
				}
				return account.Place{Organization: p.Org, Role: domain.RoleUser}, nil
			})
			if err != nil || (s.Session != "") != tc.in || (s.Refresh != "") != tc.in || s.User.ID == "" || s.Role != domain.RoleUser {
				t.Errorf("got %+v, %v; want signed in: %v", s, err, tc.in)
			}
			if got := len(p.arrived(t)); got != tc.mails {
				t.Errorf("got %d mails, want %d", got, tc.mails)
			}
		})
	}
}

func TestVerificationLinkEnds(t *testing.T) {
	t.Parallel()
	p := newMailed(t)
	register(t, p.Engine)
	secret := p.secretFor(t, "/verify-email")
	p.Clock.Advance(24 * time.Hour)
	refusedLink(t, "after a day", p.Accounts.VerifyEmail(t.Context(), secret))
}

func TestVerificationLinkIsForItsAddress(t *testing.T) {
	t.Parallel()
	p := newMailed(t)
	s := register(t, p.Engine)
	secret := p.secretFor(t, "/verify-email")
	change := func(u *domain.User) error { u.Email = "other@example.com"; return nil }
	if _, err := p.Store.Users().Update(t.Context(), s.User.ID, change); err != nil {
		t.Fatal(err)
	}
	refusedLink(t, "for another address", p.Accounts.VerifyEmail(t.Context(), secret))
	if !p.user(t, "other@example.com").EmailVerifiedAt.IsZero() {
		t.Error("an address was proven by the link of another one")
	}
}

func TestVerificationIsSentAgain(t *testing.T) {
	t.Parallel()
	p := newMailed(t)
	register(t, p.Engine)
	first := p.secretFor(t, "/verify-email")
	if err := p.Accounts.ResendVerification(t.Context(), " Ann@Example.com "); err != nil {
		t.Fatal(err)
	}
	second := p.secretFor(t, "/verify-email")
	if first == second {
		t.Error("the same secret was sent again, although it is stored nowhere")
	}
	if err := p.Accounts.VerifyEmail(t.Context(), second); err != nil {
		t.Fatal(err)
	}
	refusedLink(t, "the first link, after the second was used", p.Accounts.VerifyEmail(t.Context(), first))
	for what, email := range map[string]string{"proven": "ann@example.com", "unknown": "nobody@example.com"} {
		if err := p.Accounts.ResendVerification(t.Context(), email); err != nil {
			t.Errorf("%s: got error %v, want none", what, err)
		}
		if got := p.arrived(t); len(got) != 0 {
			t.Errorf("%s: got %d mails, want none", what, len(got))
		}
	}
}

func TestPasswordIsReset(t *testing.T) {
	t.Parallel()
	p := newMailed(t, required)
	s := register(t, p.Engine)
	verify := p.secretFor(t, "/verify-email")
	ctx := t.Context()
	if err := p.Accounts.ForgotPassword(ctx, "ann@example.com"); err != nil {
		t.Fatal(err)
	}
	secret := p.secretFor(t, "/reset-password")
	if strings.Contains(enginetest.Dump(p.Store), secret) {
		t.Error("the secret can be read in the store")
	}
	if err := p.Accounts.ResetPassword(ctx, secret, "short"); fault.KindOf(err) != fault.Invalid || errors.Is(err, &fault.Error{Kind: fault.Invalid, Code: "link_refused"}) {
		t.Errorf("a short password: got error %v, want what is wrong with it", err)
	}
	p.Clock.Advance(59 * time.Minute)
	if err := p.Accounts.ResetPassword(ctx, secret, "another horse"); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Accounts.Login(ctx, account.LoginInput{Email: "ann@example.com", Password: "correct horse"}); fault.KindOf(err) != fault.Unauthenticated {
		t.Errorf("the old password: got error %v, want a refusal", err)
	}
	// The mail reached its reader, so the address is proven.
	if _, err := p.Accounts.Login(ctx, account.LoginInput{Email: "ann@example.com", Password: "another horse"}); err != nil {
		t.Errorf("the new password: got error %v, want none", err)
	}
	refusedLink(t, "the link again", p.Accounts.ResetPassword(ctx, secret, "third horse"))
	refusedLink(t, "the verification after it", p.Accounts.VerifyEmail(ctx, verify))
	mails := p.arrived(t)
	if len(mails) != 1 || mails[0].Subject != "Your password was changed" || mails[0].To.Email != s.User.Email {
		t.Errorf("got the mails %+v, want one that tells of the change", mails)
	}
}

func TestResetEndsAllSignIns(t *testing.T) {
	t.Parallel()
	p := newMailed(t)
	one := register(t, p.Engine)
	p.secretFor(t, "/verify-email")
	two, err := p.Accounts.Login(t.Context(), account.LoginInput{Email: "ann@example.com", Password: "correct horse"})
	if err != nil {
		t.Fatal(err)
	}
	in := ann()
	in.Email = "bob@example.com"
	other, err := p.Accounts.Register(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	p.secretFor(t, "/verify-email")
	if err := p.Accounts.ForgotPassword(t.Context(), "ann@example.com"); err != nil {
		t.Fatal(err)
	}
	if err := p.Accounts.ResetPassword(t.Context(), p.secretFor(t, "/reset-password"), "another horse"); err != nil {
		t.Fatal(err)
	}
	for _, s := range []account.SignedIn{one, two} {
		if _, err := p.Accounts.Refresh(t.Context(), s.Refresh, account.Origin{}); fault.KindOf(err) != fault.Unauthenticated {
			t.Errorf("refresh after the reset: got error %v, want a refusal", err)
		}
	}
	if _, err := p.Accounts.Refresh(t.Context(), other.Refresh, account.Origin{}); err != nil {
		t.Errorf("refresh of somebody else: got error %v, want none", err)
	}
}

func TestAChangeOfThePasswordIsTold(t *testing.T) {
	t.Parallel()
	p := newMailed(t)
	s := register(t, p.Engine)
	p.arrived(t)
	ctx := t.Context()
	if err := p.Accounts.ForgotPassword(ctx, "ann@example.com"); err != nil {
		t.Fatal(err)
	}
	waiting := p.secretFor(t, "/reset-password")
	if err := p.Accounts.ChangePassword(ctx, s.Actor(), "wrong", "another horse"); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a wrong password: got error %v, want it refused", err)
	}
	if got := p.arrived(t); len(got) != 0 {
		t.Errorf("got %d mails of a change that did not happen, want none", len(got))
	}
	if err := p.Accounts.ChangePassword(ctx, s.Actor(), "correct horse", "another horse"); err != nil {
		t.Fatal(err)
	}
	mails := p.arrived(t)
	if len(mails) != 1 || mails[0].Subject != "Your password was changed" || mails[0].To.Email != s.User.Email {
		t.Errorf("got the mails %+v, want one that tells of the change", mails)
	}
	refusedLink(t, "a link from before the change", p.Accounts.ResetPassword(ctx, waiting, "third horse"))
}

func TestAnAddressIsChanged(t *testing.T) {
	t.Parallel()
	p := newMailed(t, required)
	s := register(t, p.Engine)
	if err := p.Accounts.VerifyEmail(t.Context(), p.secretFor(t, "/verify-email")); err != nil {
		t.Fatal(err)
	}
	ctx, a := t.Context(), domain.Actor{Organization: s.Organization.ID, User: s.User.ID, Role: s.Role}
	for what, in := range map[string][2]string{"no address": {"ann", "correct horse"}, "the same": {"ann@example.com", "correct horse"}, "a wrong password": {"new@example.com", "wrong"}} {
		if err := p.Accounts.ChangeEmail(ctx, a, in[0], in[1]); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: got error %v, want it refused", what, err)
		}
	}
	if got := p.arrived(t); len(got) != 0 {
		t.Errorf("got %d mails of wishes that were refused, want none", len(got))
	}
	ask := func(email string) string {
		t.Helper()
		if err := p.Accounts.ChangeEmail(ctx, a, email, "correct horse"); err != nil {
			t.Fatal(err)
		}
		return p.secretFor(t, "/verify-email")
	}
	first, second := ask("first@example.com"), ask(" New@Example.com")
	if strings.Contains(enginetest.Dump(p.Store), second) {
		t.Error("the secret can be read in the store")
	}
	if got := p.user(t, "ann@example.com"); got.ID != s.User.ID {
		t.Errorf("got %+v, want nothing changed before the proof", got)
	}
	refusedLink(t, "the wish before", p.Accounts.VerifyEmail(ctx, first))
	refusedLink(t, "for a password", p.Accounts.ResetPassword(ctx, second, "another horse"))
	if err := p.Accounts.VerifyEmail(ctx, second); err != nil {
		t.Fatal(err)
	}
	if got := p.user(t, "new@example.com"); got.ID != s.User.ID || got.EmailVerifiedAt.IsZero() {
		t.Errorf("got %+v, want Ann with a proven address", got)
	}
	refusedLink(t, "the second time", p.Accounts.VerifyEmail(ctx, second))
	mails := p.arrived(t)
	if len(mails) != 1 || mails[0].To.Email != "ann@example.com" || mails[0].Subject != "Your e-mail address was changed" || !strings.Contains(mails[0].Text, "new@example.com") {
		t.Errorf("got %+v, want one mail to the old address", mails)
	}
	if _, err := p.Accounts.Login(ctx, account.LoginInput{Email: "ann@example.com", Password: "correct horse"}); fault.KindOf(err) != fault.Unauthenticated {
		t.Errorf("the old address: got error %v, want a refusal", err)
	}
	if _, err := p.Accounts.Login(ctx, account.LoginInput{Email: "new@example.com", Password: "correct horse"}); err != nil {
		t.Errorf("the new address: got error %v, want none", err)
	}
}

// TestAnAddressIsNotChangedLate: what was asked for before somebody took their
// account back does not take it away again.
func TestAnAddressIsNotChangedLate(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		meanwhile func(*testing.T, *mailed, domain.Actor)
		code      string
	}{
		"the password was changed": {func(t *testing.T, p *mailed, a domain.Actor) {
			t.Helper()
			if err := p.Accounts.ChangePassword(t.Context(), a, "correct horse", "another horse"); err != nil {
				t.Fatal(err)
			}
		}, "link_refused"},
		"a day passed": {func(_ *testing.T, p *mailed, _ domain.Actor) { p.Clock.Advance(24 * time.Hour) }, "link_refused"},
		"somebody else has it": {func(t *testing.T, p *mailed, _ domain.Actor) {
			t.Helper()
			in := ann()
			in.Email = "new@example.com"
			if _, err := p.Accounts.Register(t.Context(), in); err != nil {
				t.Fatal(err)
			}
		}, "email_taken"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newMailed(t)
			s := register(t, p.Engine)
			p.arrived(t)
			if err := p.Accounts.ChangeEmail(t.Context(), s.Actor(), "new@example.com", "correct horse"); err != nil {
				t.Fatal(err)
			}
			secret := p.secretFor(t, "/verify-email")
			tc.meanwhile(t, p, s.Actor())
			p.arrived(t)
			err := p.Accounts.VerifyEmail(t.Context(), secret)
			if f, ok := errors.AsType[*fault.Error](err); !ok || f.Code != tc.code {
				t.Errorf("got error %v, want %s", err, tc.code)
			}
			if p.user(t, "ann@example.com").ID != s.User.ID || len(p.arrived(t)) != 0 {
				t.Error("the address was changed, or a mail says so")
			}
		})
	}
}

// TestAddressesOfOthersAreNotTold: asking for one that somebody has is answered
// and mailed like any other.
func TestAddressesOfOthersAreNotTold(t *testing.T) {
	t.Parallel()
	p := newMailed(t)
	s := register(t, p.Engine)
	in := ann()
	in.Email = "bob@example.com"
	bob, err := p.Accounts.Register(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	p.arrived(t)
	if err := p.Accounts.ChangeEmail(t.Context(), s.Actor(), "bob@example.com", "correct horse"); err != nil {
		t.Errorf("got error %v, want none", err)
	}
	if err := p.Accounts.VerifyEmail(t.Context(), p.secretFor(t, "/verify-email")); !is(err, fault.Conflict, "email_taken") {
		t.Errorf("got error %v, want email_taken", err)
	}
	if got := p.user(t, "bob@example.com").ID; got != bob.User.ID {
		t.Errorf("got %s, want the address to stay Bob's", got)
	}
}

func TestResetLinkEnds(t *testing.T) {
	t.Parallel()
	cases := map[string]func(t *testing.T, p *mailed){
		"after an hour": func(_ *testing.T, p *mailed) { p.Clock.Advance(time.Hour) },
		"when the password is another one": func(t *testing.T, p *mailed) {
			t.Helper()
			update(t, p, func(u *domain.User) { u.PasswordHash = "changed" })
		},
		"when the address is another one": func(t *testing.T, p *mailed) {
			t.Helper()
			update(t, p, func(u *domain.User) { u.Email = "other@example.com" })
		},
	}
	for name, end := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newMailed(t)
			register(t, p.Engine)
			p.secretFor(t, "/verify-email")
			if err := p.Accounts.ForgotPassword(t.Context(), "ann@example.com"); err != nil {
				t.Fatal(err)
			}
			secret := p.secretFor(t, "/reset-password")
			end(t, p)
			refusedLink(t, name, p.Accounts.ResetPassword(t.Context(), secret, "another horse"))
		})
	}
}

func update(t *testing.T, p *mailed, change func(*domain.User)) {
	t.Helper()
	id := p.user(t, "ann@example.com").ID
	if _, err := p.Store.Users().Update(t.Context(), id, func(u *domain.User) error { change(u); return nil }); err != nil {
		t.Fatal(err)
	}
}

// A secret opens one door only, whatever else it could be mistaken for.
func TestSecretsAreUselessForOtherPurposes(t *testing.T) {
	t.Parallel()
	p := newMailed(t)
	s := register(t, p.Engine)
	verify := p.secretFor(t, "/verify-email")
	if err := p.Accounts.ForgotPassword(t.Context(), "ann@example.com"); err != nil {
		t.Fatal(err)
	}
	reset := p.secretFor(t, "/reset-password")
	refusedLink(t, "a verification as a reset", p.Accounts.ResetPassword(t.Context(), verify, "another horse"))
	refusedLink(t, "a reset as a verification", p.Accounts.VerifyEmail(t.Context(), reset))
	refusedLink(t, "a sign-in as a reset", p.Accounts.ResetPassword(t.Context(), s.Refresh, "another horse"))
	refusedLink(t, "a hash as a reset", p.Accounts.ResetPassword(t.Context(), token.Hash(reset), "another horse"))
	for what, secret := range map[string]string{"verification": verify, "reset": reset} {
		if _, err := p.Accounts.Refresh(t.Context(), secret, account.Origin{}); fault.KindOf(err) != fault.Unauthenticated {
			t.Errorf("a %s as a sign-in: got error %v, want a refusal", what, err)
		}
	}
	if err := p.Accounts.ResetPassword(t.Context(), reset, "another horse"); err != nil {
		t.Errorf("after all refusals: got error %v, want that the link is still good", err)
	}
}

func TestResetHappensOnce(t *testing.T) {
	t.Parallel()
	p := newMailed(t)
	register(t, p.Engine)
	p.secretFor(t, "/verify-email")
	if err := p.Accounts.ForgotPassword(t.Context(), "ann@example.com"); err != nil {
		t.Fatal(err)
	}
	secret := p.secretFor(t, "/reset-password")
	var done atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if err := p.Accounts.ResetPassword(context.WithoutCancel(t.Context()), secret, "another horse"); err == nil {
				done.Add(1)
			}
		})
	}
	wg.Wait()
	if done.Load() != 1 {
		t.Errorf("%d of 8 resets with one link worked, want 1", done.Load())
	}
}

// counted counts the look-ups of people while a request is answered.
type counted struct {
	store.Store
	looks atomic.Int64
}

func (c *counted) Users() store.Users { c.looks.Add(1); return c.Store.Users() }

// The answer and what is done for it must not depend on whether there is an
// account: it is found out later, by a side job.
func TestAskingTellsNothing(t *testing.T) {
	t.Parallel()
	var st *counted
	p := newMailed(t, func(c *core.Config) { st = &counted{Store: c.Store}; c.Store = st })
	register(t, p.Engine)
	p.arrived(t)
	asks := map[string]func(context.Context, string) error{
		"forgot": p.Accounts.ForgotPassword, "resend": p.Accounts.ResendVerification,
	}
	for name, ask := range asks {
		before := st.looks.Load()
		for _, email := range []string{"ann@example.com", "nobody@example.com"} {
			if err := ask(t.Context(), email); err != nil {
				t.Errorf("%s %s: got error %v, want none", name, email, err)
			}
		}
		if n := st.looks.Load() - before; n != 0 {
			t.Errorf("%s: people were looked up %d times before the answer, want never", name, n)
		}
		if err := ask(t.Context(), "not an address"); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: got error %v, want that this is no address", name, err)
		}
	}
	for _, m := range p.arrived(t) {
		if m.To.Email != "ann@example.com" {
			t.Errorf("a mail went to %s, who has no account", m.To.Email)
		}
	}
}

func TestAskingTwiceSendsOneMail(t *testing.T) {
	t.Parallel()
	p := newMailed(t)
	register(t, p.Engine)
	p.arrived(t)
	for range 5 {
		if err := p.Accounts.ForgotPassword(t.Context(), "ann@example.com"); err != nil {
			t.Fatal(err)
		}
	}
	if got := p.arrived(t); len(got) != 1 {
		t.Errorf("got %d mails, want 1", len(got))
	}
}

func TestWithoutMailNobodyIsLeftWaiting(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	if s := register(t, e); s.Session == "" {
		t.Error("nobody is signed in")
	}
	for name, err := range map[string]error{
		"forgot": e.Accounts.ForgotPassword(t.Context(), "ann@example.com"),
		"resend": e.Accounts.ResendVerification(t.Context(), "ann@example.com"),
	} {
		if !errors.Is(err, &fault.Error{Kind: fault.Unavailable, Code: "no_mail"}) {
			t.Errorf("%s: got error %v, want that there is no mail", name, err)
		}
	}
}

// A registration that is given up must leave no letter behind.
func TestNoLetterWithoutTheRegistration(t *testing.T) {
	t.Parallel()
	p := newMailed(t)
	register(t, p.Engine)
	p.arrived(t)
	if _, err := p.Accounts.Register(t.Context(), ann()); fault.KindOf(err) != fault.Conflict {
		t.Fatalf("got error %v, want that the address is taken", err)
	}
	if got := p.arrived(t); len(got) != 0 {
		t.Errorf("got %d mails, want none", len(got))
	}
}

func TestANewWayInIsTold(t *testing.T) {
	t.Parallel()
	sender := memmail.New()
	s := withServices(t, func(c *core.Config) {
		c.Mail = core.MailConfig{Sender: sender, From: mail.Address{Email: "crier@example.org"}, URL: "https://crier.example"}
	})
	a := register(t, s.Engine).Actor()
	for range 2 { // linking the same again is no news
		tr := s.away(a, s.one, someone())
		if _, err := s.Accounts.FinishIdentity(t.Context(), tr.provider, tr.IdentityReturn); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := s.Tick(t.Context()); err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, m := range sender.Sent() {
		if strings.Contains(m.Text, "Service one") {
			told = append(told, m.To.Email)
		}
	}
	if !slices.Equal(told, []string{"ann@example.com"}) {
		t.Errorf("told of the new way in: got %q, want Ann, once", told)
	}
}
