package core

import (
	"errors"
	"net/url"
	"strings"

	"github.com/crierhq/crier/core/jobs"
	"github.com/crierhq/crier/core/letters"
	"github.com/crierhq/crier/core/mailer"
	"github.com/crierhq/crier/ports/mail"
)

// MailConfig says how the letters of the use cases are sent.
type MailConfig struct {
	// Sender takes the mails. Nil: there is no mail.
	Sender mail.Sender
	// ToLog says that what Sender takes is read by whoever runs the installation,
	// and not by the people it is for. It is then used for what they ask for, such
	// as a new password, and by Config.RequireVerification. Nobody is invited,
	// told anything or asked for a proof with it otherwise.
	ToLog bool
	// From is who they are from. Required with Sender.
	From mail.Address
	// Name is what letters call the installation. Default "Crier".
	Name string
	// URL is what the links in letters begin with, such as
	// https://crier.example. Required with Sender.
	URL string
}

// check reports everything that is wrong with c. demanded says that people
// cannot sign in without mail.
func (c MailConfig) check(demanded bool) error {
	if c.Sender == nil {
		if demanded {
			return errors.New("core: Config.RequireVerification needs Config.Mail.Sender")
		}
		return nil
	}
	var errs []error
	probe := mail.Message{ID: "x", From: c.From, To: c.From, Subject: "x", Text: "x"}
	if probe.Check() != nil {
		errs = append(errs, errors.New("core: Config.Mail.From must be an e-mail address, with a name of one line"))
	}
	if u, err := url.Parse(c.URL); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		errs = append(errs, errors.New("core: Config.Mail.URL must be an address such as https://crier.example"))
	}
	return errors.Join(errs...)
}

// withDefaults fills in what was left out.
func (c MailConfig) withDefaults() MailConfig {
	if c.Name == "" {
		c.Name = "Crier"
	}
	c.URL = strings.TrimRight(c.URL, "/")
	return c
}

// service is nil where there is no mail.
func (c MailConfig) service(cfg Config, j *jobs.Service) *mailer.Service {
	if c.Sender == nil {
		return nil
	}
	return mailer.New(mailer.Config{
		Sender: c.Sender, From: c.From, Site: letters.Site{Name: c.Name, URL: c.URL},
		Sealer: cfg.Sealer, Jobs: j, Now: cfg.Now, NewID: cfg.NewID,
	})
}
