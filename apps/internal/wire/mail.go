package wire

import (
	"github.com/crierhq/crier/adapters/logmail"
	"github.com/crierhq/crier/adapters/resendmail"
	"github.com/crierhq/crier/adapters/smtpmail"
	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/ports/mail"
)

// mail is how mails are sent. Where nothing is configured, those that somebody
// asks for are written to the log, and one line says what that means.
func (a *App) mail() (core.MailConfig, error) {
	name, email, err := a.cfg.Mail.Sender()
	if err != nil {
		return core.MailConfig{}, err
	}
	out := core.MailConfig{From: mail.Address{Name: name, Email: email}, URL: a.cfg.Server.PublicURL}
	switch m := a.cfg.Mail; {
	case m.SMTPURL != "":
		out.Sender, err = smtpmail.New(smtpmail.Config{URL: string(m.SMTPURL)})
	case m.ResendAPIKey != "":
		out.Sender, err = resendmail.New(resendmail.Config{APIKey: string(m.ResendAPIKey), HTTP: a.client})
	default:
		log := a.env.Log.With("component", "mail")
		proof := "e-mail verification is skipped"
		if m.RequireVerification() {
			proof = "links that prove an e-mail address are written to this log"
		}
		log.Warn("no mail is configured: " + proof + "; links to a new password are written to this log when somebody asks for one; to switch mail on, set MAIL_FROM and SMTP_URL or RESEND_API_KEY")
		out.ToLog = true
		out.Sender, err = logmail.New(logmail.Config{Log: log})
	}
	return out, err
}
