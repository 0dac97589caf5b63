package account_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/ports/store"
	"github.com/crierhq/crier/testkit/enginetest"
)

// TestTheAuditLogKnowsSignIns: it says who came in, and who showed a wrong
// password for somebody who exists. Of others it says nothing.
func TestTheAuditLogKnowsSignIns(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	ann, err := e.Accounts.Register(t.Context(), core.RegisterInput{Email: "ann@example.org", Password: "long enough"})
	if err != nil {
		t.Fatal(err)
	}
	for email, pass := range map[string]string{"ann@example.org": "wrong", "nobody@example.org": "wrong"} {
		if in, err := e.Accounts.Login(t.Context(), core.LoginInput{Email: email, Password: pass}); err == nil {
			t.Fatalf("%s got in: %+v", email, in)
		}
	}
	in, err := e.Accounts.Login(t.Context(), core.LoginInput{Email: "ann@example.org", Password: "long enough", From: core.Origin{Address: "192.0.2.7"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Accounts.ChangePassword(t.Context(), in.Actor(), "long enough", "even longer than that"); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(e.Accounts.EndSession(t.Context(), in.Actor(), in.Session), e.Accounts.EndSessions(t.Context(), in.Actor())); err != nil {
		t.Fatal(err)
	}
	entries, err := e.Audit.List(t.Context(), ann.Actor(), store.AuditFilter{Page: store.Page{Limit: 100}})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, a := range entries {
		if a.User != ann.User.ID || a.ResourceID != string(ann.User.ID) || a.Name != "" || len(a.Changes) != 0 {
			t.Errorf("got %+v, want it to name ann by id and nothing else", a)
		}
		got = append(got, a.Action)
	}
	slices.Sort(got)
	if want := []string{
		"account.password_changed", "account.sign_in_refused", "account.signed_in", "account.signed_in", "account.signed_out", "account.signed_out_everywhere",
	}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestTheAuditLogKnowsHowPeopleSignIn: what changes who can sign in is in it, and
// the person is told of it.
func TestTheAuditLogKnowsHowPeopleSignIn(t *testing.T) {
	t.Parallel()
	p := newMailed(t)
	phone := enroll(t, p.Engine)
	if err := p.Accounts.DropSecondFactor(t.Context(), phone.ann.Actor(), "correct horse", phone.code()); err != nil {
		t.Fatal(err)
	}
	told := map[string]int{}
	for _, m := range p.arrived(t) {
		told[m.Subject]++
	}
	if told["Your second factor was switched on"] != 1 || told["Your second factor was switched off"] != 1 {
		t.Errorf("got the mails %v, want one for each change", told)
	}
	if err := p.Accounts.ChangeEmail(t.Context(), phone.ann.Actor(), "new@example.org", "correct horse"); err != nil {
		t.Fatal(err)
	}
	if err := p.Accounts.VerifyEmail(t.Context(), p.secretFor(t, "/verify-email")); err != nil {
		t.Fatal(err)
	}
	for _, action := range []string{"account.second_factor_on", "account.second_factor_off", "account.email_changed"} {
		got, err := p.Audit.List(t.Context(), phone.ann.Actor(), store.AuditFilter{Page: store.Page{Limit: 9}, Action: action})
		if err != nil || len(got) != 1 || got[0].User != phone.ann.User.ID || got[0].ResourceID != string(phone.ann.User.ID) {
			t.Errorf("%s: got %+v, %v; want one entry of ann", action, got, err)
		}
	}
}
