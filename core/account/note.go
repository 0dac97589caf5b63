package account

import (
	"context"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/letters"
	"github.com/crierhq/crier/core/mailer"
	"github.com/crierhq/crier/ports/mail"
	"github.com/crierhq/crier/ports/store"
)

// note is a letter that tells a person what happened to their account. It is
// empty where mail does not reach people.
type note struct{ letter mailer.Sealed }

// reaches reports whether letters reach the people that they are for.
func (s *Service) reaches() bool { return s.cfg.Mail != nil && !s.cfg.MailToLog }

// newNote prepares a letter to a person, before the transaction. Errors:
// NotFound if there is no such person.
func (s *Service) newNote(ctx context.Context, user domain.UserID, l letters.Letter) (note, error) {
	if !s.reaches() {
		return note{}, nil
	}
	u, err := s.cfg.Store.Users().Get(ctx, user)
	if err != nil {
		return note{}, err
	}
	sealed, err := s.cfg.Mail.Seal(ctx, mailer.Mail{To: mail.Address{Email: u.Email}, Letter: l})
	return note{sealed}, err
}

// leave has a letter sent, within the transaction of what it tells of. Call wake
// after the commit.
func (s *Service) leave(ctx context.Context, r store.Repos, n note) error {
	if !s.reaches() {
		return nil
	}
	return s.cfg.Mail.Within(ctx, r, n.letter)
}
