package account_test

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // as phones do
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/crierhq/crier/core/account"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/testkit/enginetest"
)

// phone makes the code that a phone shows at a time.
func phone(t *testing.T, secret string, now time.Time) string {
	t.Helper()
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret)
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha1.New, key)
	_ = binary.Write(mac, binary.BigEndian, uint64(now.Unix()/30))
	sum := mac.Sum(nil)
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[sum[19]&15:])&0x7fffffff%1_000_000)
}

// withPhone is a person with a second factor.
type withPhone struct {
	*enginetest.Engine
	t        *testing.T
	ann      account.SignedIn
	secret   string
	recovery []string
}

func enrolled(t *testing.T) *withPhone {
	t.Helper()
	return enroll(t, enginetest.New(t))
}

// enroll registers Ann at e, and gives her a second factor.
func enroll(t *testing.T, e *enginetest.Engine) *withPhone {
	t.Helper()
	p := &withPhone{Engine: e, t: t, ann: register(t, e)}
	en, err := e.Accounts.EnrollSecondFactor(t.Context(), p.ann.Actor(), "correct horse")
	if err != nil {
		t.Fatal(err)
	}
	p.secret = en.Secret
	if p.recovery, err = e.Accounts.ConfirmSecondFactor(t.Context(), p.ann.Actor(), p.code()); err != nil {
		t.Fatal(err)
	}
	e.Clock.Advance(time.Minute)
	return p
}

func (p *withPhone) code() string { return phone(p.t, p.secret, p.Clock.Now()) }

// sessions is how many sign-ins of Ann live.
func (p *withPhone) sessions() int {
	p.t.Helper()
	all, err := p.Accounts.Sessions(p.t.Context(), p.ann.Actor())
	if err != nil {
		p.t.Fatal(err)
	}
	return len(all)
}

// challenged shows the password.
func (p *withPhone) challenged() string {
	p.t.Helper()
	_, err := p.Accounts.Login(p.t.Context(), account.LoginInput{Email: "ann@example.com", Password: "correct horse"})
	c, ok := errors.AsType[*account.Challenge](err)
	if !ok || fault.KindOf(err) != fault.Unauthenticated {
		p.t.Fatalf("got %v, want to be asked for a code", err)
	}
	return c.Token
}

func (p *withPhone) enter(challenge, code string) error {
	p.t.Helper()
	s, err := p.Accounts.LoginWithCode(p.t.Context(), challenge, code, account.Origin{})
	if err == nil && (s.Refresh == "" || s.User.ID != p.ann.User.ID) {
		p.t.Errorf("got %+v, want Ann", s)
	}
	return err
}

func is(err error, kind fault.Kind, code string) bool {
	return errors.Is(err, &fault.Error{Kind: kind, Code: code})
}

func TestSignInWithACode(t *testing.T) {
	t.Parallel()
	p := enrolled(t)
	if _, err := p.Accounts.Login(t.Context(), account.LoginInput{Email: "ann@example.com", Password: "wrong"}); !is(err, fault.Unauthenticated, "wrong_credentials") {
		t.Errorf("got %v, want a wrong password to be told nothing of the second factor", err)
	}
	challenge := p.challenged()
	for _, code := range []string{"", "000000", "abc", "-1"} {
		if err := p.enter(challenge, code); !is(err, fault.Unauthenticated, "wrong_code") {
			t.Errorf("%q: got %v, want it refused", code, err)
		}
	}
	code := p.code()
	if err := p.enter(challenge, code[:3]+" "+code[3:]); err != nil {
		t.Fatalf("got %v, want the right code taken after wrong ones, with a space in it", err)
	}
	if err := p.enter(challenge, code); !is(err, fault.Unauthenticated, "challenge_refused") {
		t.Errorf("got %v, want a challenge to work once", err)
	}
	if err := p.enter(p.challenged(), code); !is(err, fault.Unauthenticated, "wrong_code") {
		t.Errorf("got %v, want a code to work once", err)
	}
	p.Clock.Advance(30 * time.Second)
	late := p.challenged()
	p.Clock.Advance(5 * time.Minute)
	if err := p.enter(late, p.code()); !is(err, fault.Unauthenticated, "challenge_refused") {
		t.Errorf("got %v, want a challenge to end", err)
	}
}

func TestAChallengeIsGoodForNothingElse(t *testing.T) {
	t.Parallel()
	p := enrolled(t)
	challenge := p.challenged()
	if _, err := p.Accounts.Refresh(t.Context(), challenge, account.Origin{}); !refused(err) {
		t.Errorf("got %v, want a challenge to be no refresh token", err)
	}
	if err := p.enter(p.ann.Refresh, p.code()); !is(err, fault.Unauthenticated, "challenge_refused") {
		t.Errorf("got %v, want a refresh token to be no challenge", err)
	}
	p.Clock.Advance(time.Minute)
	if err := p.Accounts.ChangePassword(t.Context(), p.ann.Actor(), "correct horse", "battery staple"); err != nil {
		t.Fatal(err)
	}
	if err := p.enter(challenge, p.code()); !is(err, fault.Unauthenticated, "challenge_refused") {
		t.Errorf("got %v, want a challenge to end with the password that was shown", err)
	}
}

func TestGuessingCodesGetsSlow(t *testing.T) {
	t.Parallel()
	p := enrolled(t)
	for range 5 {
		// A new challenge each time gains nothing.
		if err := p.enter(p.challenged(), "wrong"); !is(err, fault.Unauthenticated, "wrong_code") {
			t.Errorf("got %v, want it looked at", err)
		}
	}
	if err := p.enter(p.challenged(), p.code()); !tooMany(err) {
		t.Errorf("got %v, want to wait", err)
	}
	p.Clock.Advance(time.Minute)
	if err := p.enter(p.challenged(), p.code()); err != nil {
		t.Errorf("got %v, want who waited let in", err)
	}
}

func TestACodeIsTakenOnceAtTheSameTime(t *testing.T) {
	t.Parallel()
	for name, code := range map[string]func(p *withPhone) string{
		"of the phone":  (*withPhone).code,
		"recovery code": func(p *withPhone) string { return p.recovery[3] },
	} {
		p := enrolled(t)
		challenges := []string{p.challenged(), p.challenged(), p.challenged(), p.challenged()}
		got := make([]error, len(challenges))
		var wg sync.WaitGroup
		for i, c := range challenges {
			wg.Go(func() { _, got[i] = p.Accounts.LoginWithCode(t.Context(), c, code(p), account.Origin{}) })
		}
		wg.Wait()
		n := 0
		for _, err := range got {
			if err == nil {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%s: taken %d times of %v, want once", name, n, got)
		}
	}
}

func TestRecoveryCodes(t *testing.T) {
	t.Parallel()
	p := enrolled(t)
	if len(p.recovery) != 10 || p.recovery[0] == p.recovery[1] || len(p.recovery[0]) != 19 {
		t.Fatalf("got %q, want ten", p.recovery)
	}
	if err := p.enter(p.challenged(), strings.ToUpper(p.recovery[0])); err != nil {
		t.Errorf("got %v, want a recovery code taken", err)
	}
	if err := p.enter(p.challenged(), p.recovery[0]); !is(err, fault.Unauthenticated, "wrong_code") {
		t.Errorf("got %v, want it taken once", err)
	}
	if st, err := p.Accounts.SecondFactor(t.Context(), p.ann.Actor()); err != nil || st.RecoveryLeft != 9 || st.Since.IsZero() {
		t.Errorf("got %+v, %v; want nine left", st, err)
	}
	fresh, err := p.Accounts.RenewRecovery(t.Context(), p.ann.Actor(), "correct horse", p.code())
	if err != nil || len(fresh) != 10 {
		t.Fatalf("got %q, %v; want ten", fresh, err)
	}
	if err := p.enter(p.challenged(), p.recovery[1]); !is(err, fault.Unauthenticated, "wrong_code") {
		t.Errorf("got %v, want the old ones refused", err)
	}
	if err := p.enter(p.challenged(), fresh[9]); err != nil {
		t.Errorf("got %v, want a new one taken", err)
	}
	if text := enginetest.Dump(p.Store); strings.Contains(text, fresh[0]) || strings.Contains(text, p.secret) {
		t.Error("a code or the secret is stored as it is")
	}
}

func TestSwitchingASecondFactorOnAndOff(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	ann := register(t, e)
	a := ann.Actor()
	other, err := e.Accounts.Login(t.Context(), account.LoginInput{Email: "ann@example.com", Password: "correct horse"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Accounts.EnrollSecondFactor(t.Context(), a, "wrong"); fault.KindOf(err) != fault.Invalid {
		t.Errorf("got %v, want the password needed", err)
	}
	if _, err := e.Accounts.ConfirmSecondFactor(t.Context(), a, "123456"); !is(err, fault.Conflict, "not_enrolled") {
		t.Errorf("got %v, want nothing to confirm", err)
	}
	first, err := e.Accounts.EnrollSecondFactor(t.Context(), a, "correct horse")
	if err != nil {
		t.Fatal(err)
	}
	second, err := e.Accounts.EnrollSecondFactor(t.Context(), a, "correct horse")
	if err != nil || first.Secret == second.Secret || !strings.Contains(second.URI, second.Secret) {
		t.Fatalf("got %+v and %+v, %v; want two secrets", first, second, err)
	}
	if _, err := e.Accounts.ConfirmSecondFactor(t.Context(), a, phone(t, first.Secret, e.Clock.Now())); fault.KindOf(err) != fault.Invalid {
		t.Errorf("got %v, want the code of another secret refused", err)
	}
	if _, err := e.Accounts.Login(t.Context(), account.LoginInput{Email: "ann@example.com", Password: "correct horse"}); err != nil {
		t.Errorf("got %v, want nothing asked for before it is confirmed", err)
	}
	code := phone(t, second.Secret, e.Clock.Now())
	if _, err := e.Accounts.ConfirmSecondFactor(t.Context(), a, code); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Accounts.Refresh(t.Context(), other.Refresh, account.Origin{}); !refused(err) {
		t.Errorf("got %v, want the other sign-ins ended", err)
	}
	if _, err := e.Accounts.EnrollSecondFactor(t.Context(), a, "correct horse"); !is(err, fault.Conflict, "second_factor_active") {
		t.Errorf("got %v, want it not to be replaced by the password alone", err)
	}
	for what, try := range map[string][2]string{"a wrong password": {"wrong", phone(t, second.Secret, e.Clock.Now().Add(30*time.Second))}, "a used code": {"correct horse", code}} {
		if err := e.Accounts.DropSecondFactor(t.Context(), a, try[0], try[1]); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: got %v, want it refused", what, err)
		}
	}
	e.Clock.Advance(time.Minute)
	if err := e.Accounts.DropSecondFactor(t.Context(), a, "correct horse", phone(t, second.Secret, e.Clock.Now())); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Accounts.Login(t.Context(), account.LoginInput{Email: "ann@example.com", Password: "correct horse"}); err != nil {
		t.Errorf("got %v, want the password to be enough again", err)
	}
	if err := e.Accounts.DropSecondFactor(t.Context(), a, "correct horse", "123456"); !is(err, fault.Conflict, "no_second_factor") {
		t.Errorf("got %v, want nothing to drop", err)
	}
}

// TestAServiceDoesNotReplaceTheSecondFactor: whoever took over somebody's
// account at a service still lacks the phone.
func TestAServiceDoesNotReplaceTheSecondFactor(t *testing.T) {
	t.Parallel()
	s := withServices(t)
	p := enroll(t, s.Engine)
	tr := s.away(p.ann.Actor(), s.one, someone())
	if _, err := s.Accounts.FinishIdentity(t.Context(), tr.provider, tr.IdentityReturn); err != nil {
		t.Fatal(err)
	}
	before := p.sessions()
	in, err := s.enter(s.one, someone())
	c, ok := errors.AsType[*account.Challenge](err)
	if !ok || !is(err, fault.Unauthenticated, "second_factor_required") || in.Refresh != "" {
		t.Fatalf("got %+v, %v; want to be asked for a code", in, err)
	}
	if got := p.sessions(); got != before {
		t.Errorf("got %d sign-ins before the code, want %d", got, before)
	}
	if err := p.enter(c.Token, "000000"); !is(err, fault.Unauthenticated, "wrong_code") {
		t.Errorf("a wrong code: got %v, want wrong_code", err)
	}
	if err := p.enter(c.Token, p.code()); err != nil {
		t.Errorf("the code: got %v, want none", err)
	}
	if err := p.Accounts.DropSecondFactor(t.Context(), p.ann.Actor(), "correct horse", p.recovery[0]); err != nil {
		t.Fatal(err)
	}
	s.entered(s.one, someone())
}

// TestAResetDoesNotReplaceTheSecondFactor: whoever reads somebody's mail still
// lacks the phone.
func TestAResetDoesNotReplaceTheSecondFactor(t *testing.T) {
	t.Parallel()
	m := newMailed(t)
	p := enroll(t, m.Engine)
	m.arrived(t)
	waiting := p.challenged()
	if err := m.Accounts.ForgotPassword(t.Context(), "ann@example.com"); err != nil {
		t.Fatal(err)
	}
	if err := m.Accounts.ResetPassword(t.Context(), m.secretFor(t, "/reset-password"), "another horse"); err != nil {
		t.Fatal(err)
	}
	if got := p.sessions(); got != 0 {
		t.Errorf("got %d sign-ins after the reset, want none", got)
	}
	if err := p.enter(waiting, p.code()); !is(err, fault.Unauthenticated, "challenge_refused") {
		t.Errorf("a first step with the old password: got %v, want challenge_refused", err)
	}
	p.Clock.Advance(time.Minute)
	_, err := m.Accounts.Login(t.Context(), account.LoginInput{Email: "ann@example.com", Password: "another horse"})
	c, ok := errors.AsType[*account.Challenge](err)
	if !ok {
		t.Fatalf("got %v, want to be asked for a code", err)
	}
	if err := p.enter(c.Token, p.code()); err != nil {
		t.Errorf("the code: got %v, want none", err)
	}
}
