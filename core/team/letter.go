package team

import (
	"context"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/core/letters"
	"github.com/crierhq/crier/core/mailer"
	"github.com/crierhq/crier/core/token"
	"github.com/crierhq/crier/ports/mail"
	"github.com/crierhq/crier/ports/store"
)

// The mails that may be sent in mailWindow: strangers get them, and nothing of
// Crier is to be a way to annoy them.
const (
	mailWindow     = time.Hour
	mailsByOne     = 30 // of one organization, and of one person in whichever
	mailsToAddress = 5  // to one address, whoever sends them
)

// letter prepares the mail of an invitation, before the transaction, and notes
// in v that there is one. There is none without mail or without an address.
func (s *Service) letter(ctx context.Context, v *domain.Invitation, secret string) (mailer.Sealed, error) {
	if s.cfg.Mail == nil || v.Email == "" {
		return mailer.Sealed{}, nil
	}
	v.Mailed = true
	return s.cfg.Mail.Seal(ctx, mailer.Mail{
		Organization: v.Organization, To: mail.Address{Email: v.Email}, Until: v.ExpiresAt,
		Letter: letters.Invitation{
			// Behind the hash, so that no server on the way logs it.
			Role: string(v.Role), Link: s.cfg.PublicURL + "/invitation#token=" + secret, Days: int(invitationLife.Hours() / 24),
		},
	})
}

// send has the mail of v sent, within the transaction r, unless there were too
// many.
func (s *Service) send(ctx context.Context, r store.Repos, v domain.Invitation, l mailer.Sealed) error {
	now := domain.Instant(s.cfg.Now())
	if err := countMail(ctx, r, "invite/organization/"+token.Hash(string(v.Organization)), mailsByOne, now); err != nil {
		return err
	}
	if v.By != "" { // a program is counted by its organization alone
		if err := countMail(ctx, r, "invite/person/"+token.Hash(string(v.By)), mailsByOne, now); err != nil {
			return err
		}
	}
	if err := countMail(ctx, r, "invite/address/"+token.Hash(v.Email), mailsToAddress, now); err != nil {
		return err
	}
	return s.cfg.Mail.Within(ctx, r, l)
}

// countMail counts a mail in the window that began with the first one.
func countMail(ctx context.Context, r store.Repos, key string, limit int, now time.Time) error {
	_, err := r.Strikes().Update(ctx, key, func(st *domain.Strikes) error {
		if now.Sub(st.LastAt) >= mailWindow {
			st.Count, st.LastAt = 0, now
		}
		if st.Count >= limit {
			return &fault.Error{
				Kind: fault.TooMany, Code: "too_many_mails", RetryAfter: st.LastAt.Add(mailWindow).Sub(now),
				Message: "Too many invitations were mailed. Wait a while, or invite without an address and hand the link on yourself.",
			}
		}
		st.Count++
		return nil
	})
	return err
}
