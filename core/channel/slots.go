package channel

import (
	"context"
	"slices"

	"github.com/crierhq/crier/core/access"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/store"
)

// SetSlots replaces the weekly posting times of a channel, on the clocks of its
// organization's zone. What is queued already stays where it is. Errors: Invalid
// with all problems, NotFound.
func (s *Service) SetSlots(ctx context.Context, a domain.Actor, id domain.ChannelID, slots []domain.Slot) (domain.Channel, error) {
	if err := access.Check(a, access.ManageChannels); err != nil {
		return domain.Channel{}, err
	}
	if err := fault.Check(domain.ValidateSlots(slots)); err != nil {
		return domain.Channel{}, err
	}
	slots = slices.Clone(slots)
	domain.SortSlots(slots)
	now := domain.Instant(s.cfg.Now())
	var out domain.Channel
	err := s.cfg.Store.InTx(ctx, func(ctx context.Context, r store.Repos) (err error) {
		out, err = r.Channels().Update(ctx, a.Organization, id, func(c *domain.Channel) error {
			if c.State == domain.ChannelDisconnected {
				return fault.ErrNotFound
			}
			c.Slots, c.UpdatedAt = slots, now
			return nil
		})
		return err
	})
	return out, missing(err, id)
}
