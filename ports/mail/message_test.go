package mail_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/crierhq/crier/ports/mail"
)

func good() mail.Message {
	return mail.Message{
		ID: "0190-abc.d_e", From: mail.Address{Name: "Crier", Email: "crier@example.org"},
		To: mail.Address{Name: "Ann Ü", Email: "ann@example.org"}, Subject: "Hello", Text: "Hello\n",
		Headers: map[string]string{"List-Unsubscribe": "<https://example.org/>"},
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		change func(*mail.Message)
		says   string // empty: fine
	}{
		"a good one":              {func(*mail.Message) {}, ""},
		"text alone":              {func(m *mail.Message) { m.HTML, m.Headers, m.To.Name = "", nil, "" }, ""},
		"answers elsewhere":       {func(m *mail.Message) { m.ReplyTo.Email = "help@example.org" }, ""},
		"as large as may be":      {func(m *mail.Message) { m.Text, m.HTML = "x", strings.Repeat("x", mail.MaxBytes-1) }, ""},
		"too large":               {func(m *mail.Message) { m.Text, m.HTML = "x", strings.Repeat("x", mail.MaxBytes) }, "bytes"},
		"no id":                   {func(m *mail.Message) { m.ID = "" }, "ID"},
		"an id with a space":      {func(m *mail.Message) { m.ID = "a b" }, "ID"},
		"an id with an at sign":   {func(m *mail.Message) { m.ID = "a@b" }, "ID"},
		"an id that is no atom":   {func(m *mail.Message) { m.ID = "a..b" }, "ID"},
		"a long id":               {func(m *mail.Message) { m.ID = strings.Repeat("a", mail.MaxID+1) }, "ID"},
		"nobody to":               {func(m *mail.Message) { m.To = mail.Address{} }, "To is not"},
		"two to":                  {func(m *mail.Message) { m.To.Email = "a@example.org, b@example.org" }, "To is not"},
		"a name in the address":   {func(m *mail.Message) { m.To.Email = "A <a@example.org>" }, "To is not"},
		"nobody from":             {func(m *mail.Message) { m.From.Email = "" }, "From is not"},
		"a header in a name":      {func(m *mail.Message) { m.To.Name = "Ann\r\nBcc: eve@example.org" }, "name of To"},
		"a header in the subject": {func(m *mail.Message) { m.Subject = "Hi\nBcc: eve@example.org" }, "subject"},
		"a separator in it":       {func(m *mail.Message) { m.Subject = "Hi\u2028there" }, "subject"},
		"no subject":              {func(m *mail.Message) { m.Subject = "" }, "subject"},
		"a long subject":          {func(m *mail.Message) { m.Subject = strings.Repeat("ü", 301) }, "subject"},
		"no text":                 {func(m *mail.Message) { m.Text, m.HTML = "", "<p>Hi</p>" }, "text"},
		"text that is none":       {func(m *mail.Message) { m.Text = "a\xff" }, "text"},
		"answers to nobody":       {func(m *mail.Message) { m.ReplyTo.Name = "Help" }, "ReplyTo is not"},
		"a header of ours":        {func(m *mail.Message) { m.Headers = map[string]string{"bCC": "eve@example.org"} }, "bCC"},
		"a header of the body":    {func(m *mail.Message) { m.Headers = map[string]string{"Content-Type": "x"} }, "Content-Type"},
		"a header in a header":    {func(m *mail.Message) { m.Headers = map[string]string{"X-A": "b\r\nBcc: eve@example.org"} }, "X-A"},
		"a header in its name":    {func(m *mail.Message) { m.Headers = map[string]string{"X-A: b\r\nBcc": "c"} }, "X-A"},
		"a header that is long":   {func(m *mail.Message) { m.Headers = map[string]string{"X-A": strings.Repeat("b", 1000)} }, "X-A"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := good()
			c.change(&m)
			err := m.Check()
			if c.says == "" {
				if err != nil {
					t.Errorf("got error %v, want none", err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.says) || !mail.IsPermanent(err) {
				t.Errorf("got error %v, want a permanent one that speaks of %q", err, c.says)
			}
		})
	}
}

func TestCheckListsEverything(t *testing.T) {
	t.Parallel()
	err := mail.Message{}.Check()
	for _, want := range []string{"ID", "From", "To", "subject", "text"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v, want one that speaks of %q", err, want)
		}
	}
}

func TestMessageID(t *testing.T) {
	t.Parallel()
	if got, want := good().MessageID(), "<0190-abc.d_e@example.org>"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestErrorsSayWhatToDo(t *testing.T) {
	t.Parallel()
	cause := errors.New("no")
	cases := map[string]struct {
		err       error
		permanent bool
		after     time.Duration
	}{
		"none":             {nil, false, 0},
		"any":              {cause, false, 0},
		"permanent":        {mail.Permanent(cause), true, 0},
		"wrapped":          {fmt.Errorf("send: %w", mail.Permanent(cause)), true, 0},
		"later":            {mail.Later(cause, time.Minute), false, time.Minute},
		"later and around": {fmt.Errorf("send: %w", mail.Later(cause, time.Minute)), false, time.Minute},
	}
	for name, c := range cases {
		if got := mail.IsPermanent(c.err); got != c.permanent {
			t.Errorf("%s: permanent: got %t, want %t", name, got, c.permanent)
		}
		if got := mail.RetryAfter(c.err); got != c.after {
			t.Errorf("%s: retry after: got %v, want %v", name, got, c.after)
		}
		if c.err != nil && !errors.Is(c.err, cause) {
			t.Errorf("%s: %v does not wrap its cause", name, c.err)
		}
	}
}
