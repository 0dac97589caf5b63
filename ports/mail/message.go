package mail

import (
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The bounds of a Message.
const (
	// MaxBytes bounds Text and HTML together.
	MaxBytes = 256 << 10
	// MaxID bounds ID, in bytes.
	MaxID = 120

	maxSubject = 300 // characters
	maxName    = 200 // characters
	maxHeader  = 1000
	maxEmail   = 254
)

// Address is somebody's address with the name to show, which may be empty.
type Address struct {
	Name  string
	Email string
}

// String is the address as a header has it.
func (a Address) String() string { return (&mail.Address{Name: a.Name, Address: a.Email}).String() }

// Message is one mail to one person. There is one receiver, so that it is
// either taken or not, and nobody reads who else gets it.
type Message struct {
	// ID names the mail among all that are ever sent: letters, digits, dots,
	// hyphens and underscores, at most MaxID. The same ID means the same mail
	// to the last byte, so that a service which knows it sends it once.
	ID       string
	From, To Address
	// ReplyTo is where answers go. Without an Email, they go to From.
	ReplyTo Address
	Subject string
	// Text is the mail as plain text, with \n between lines. Required.
	Text string
	// HTML is the same for those who see HTML. It may be empty.
	HTML string
	// Headers are further headers, such as List-Unsubscribe, in plain ASCII.
	Headers map[string]string
}

// MessageID is the value of the header Message-ID, made of the ID and the
// domain of From.
func (m Message) MessageID() string {
	_, domain, _ := strings.Cut(m.From.Email, "@")
	return "<" + m.ID + "@" + domain + ">"
}

// ours are the headers that a Sender makes from the fields of a Message, or by
// itself.
var ours = map[string]bool{
	"from": true, "to": true, "cc": true, "bcc": true, "sender": true, "reply-to": true, "subject": true, "date": true,
	"message-id": true, "mime-version": true, "return-path": true, "received": true, "dkim-signature": true,
}

// Check returns an error, for which IsPermanent is true, that lists everything
// in m that no Sender may send. It is nil where there is nothing.
func (m Message) Check() error {
	errs := []error{m.From.check("From"), m.To.check("To")}
	add := func(bad bool, format string, args ...any) {
		if bad {
			errs = append(errs, fmt.Errorf("mail: "+format, args...))
		}
	}
	if m.ReplyTo != (Address{}) {
		errs = append(errs, m.ReplyTo.check("ReplyTo"))
	}
	add(!validID(m.ID), "the ID must have 1 to %d letters, digits, dots, hyphens and underscores", MaxID)
	add(m.Subject == "" || !oneLine(m.Subject, maxSubject), "the subject must be one line of 1 to %d characters", maxSubject)
	add(m.Text == "" || !storable(m.Text) || !storable(m.HTML), "the text must be there, and everything must be UTF-8 without a NUL")
	size := len(m.Text) + len(m.HTML)
	add(size > MaxBytes, "Text and HTML have %d bytes; %d are allowed", size, MaxBytes)
	for name, value := range m.Headers {
		add(!validHeader(name, value), "the header %q must not be set, or not to this", clip(name))
	}
	if err := errors.Join(errs...); err != nil {
		return Permanent(err)
	}
	return nil
}

// check returns what is wrong with the address of a field.
func (a Address) check(field string) error {
	if parsed, err := mail.ParseAddress(a.Email); err != nil || parsed.Address != a.Email || len(a.Email) > maxEmail {
		return fmt.Errorf("mail: %s is not an e-mail address", field)
	}
	if !oneLine(a.Name, maxName) {
		return fmt.Errorf("mail: the name of %s must be one line of at most %d characters", field, maxName)
	}
	return nil
}

func validID(s string) bool {
	return s != "" && len(s) <= MaxID && !strings.ContainsFunc(s, func(r rune) bool { return !wordRune(r) && r != '.' }) &&
		s[0] != '.' && s[len(s)-1] != '.' && !strings.Contains(s, "..")
}

// validHeader reports whether a header may be set to value.
func validHeader(name, value string) bool {
	low := strings.ToLower(name)
	return name != "" && len(name)+len(value) <= maxHeader && !ours[low] && !strings.HasPrefix(low, "content-") &&
		!strings.ContainsFunc(name, func(r rune) bool { return !wordRune(r) }) &&
		value != "" && !strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r > '~' })
}

func wordRune(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_'
}

// oneLine reports whether s cannot begin another header and has at most most
// characters.
func oneLine(s string, most int) bool {
	return utf8.ValidString(s) && utf8.RuneCountInString(s) <= most && !strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsControl(r) || r == '\u2028' || r == '\u2029'
	})
}

func storable(s string) bool { return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 }

func clip(s string) string { return s[:min(len(s), 50)] }
