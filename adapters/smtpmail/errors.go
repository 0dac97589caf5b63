package smtpmail

import (
	"context"
	"errors"
	"fmt"
	"net/textproto"
	"os"

	gomail "github.com/wneessen/go-mail"

	"github.com/crierhq/crier/ports/mail"
)

// classify says what an error means for the mail. Only an answer of the server
// to the mail itself is final: what comes before, such as a wrong password or
// a certificate that is not trusted, is for the operator to mend.
func (s *Sender) classify(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("smtpmail: the server %s did not take the mail in time: %w", s.server.Host, ctx.Err())
	}
	if errors.Is(err, os.ErrDeadlineExceeded) { // the clock of the connection was a little faster than that of ctx
		return fmt.Errorf("smtpmail: the server %s did not take the mail in time: %w", s.server.Host, context.DeadlineExceeded)
	}
	if reply, ok := errors.AsType[*textproto.Error](err); ok && refusesUs(reply.Code) {
		// The reply may repeat what was sent, so it is not quoted.
		return fmt.Errorf("smtpmail: the server %s refuses the user name or the password (%d)", s.server.Host, reply.Code)
	}
	sent, ok := errors.AsType[*gomail.SendError](err)
	if !ok {
		return fmt.Errorf("smtpmail: the server %s cannot be used: %w", s.server.Host, err)
	}
	err = fmt.Errorf("smtpmail: the server %s did not take the mail: %w", s.server.Host, err)
	if code := sent.ErrorCode(); code >= 500 && !refusesUs(code) {
		return mail.Permanent(err)
	}
	return err
}

// refusesUs reports whether a reply is about who we are (RFC 4954, section 6).
func refusesUs(code int) bool {
	switch code {
	case 530, 534, 535, 538:
		return true
	default:
		return false
	}
}
