package channel

import (
	"context"
	"slices"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/permit"
)

// SetSlots replaces the weekly posting times of a channel, on the clocks of its
// organization's zone. What is queued already stays where it is. Errors: Invalid
// with all problems, NotFound.
func (s *Service) SetSlots(ctx context.Context, a domain.Actor, id domain.ChannelID, slots []domain.Slot) (domain.Channel, error) {
	if err := s.cfg.Access.Check(a, permit.Channels, permit.Update); err != nil {
		return domain.Channel{}, err
	}
	if err := fault.Check(domain.ValidateSlots(slots)); err != nil {
		return domain.Channel{}, err
	}
	slots = slices.Clone(slots)
	domain.SortSlots(slots)
	return s.configure(ctx, a, id, func(c *domain.Channel) { c.Slots = slots })
}
