package channel

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/crierhq/crier/core/audit"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/permit"
)

// SetSlots replaces the weekly posting times of a channel, on the clocks of its
// organization's zone. What is queued already stays where it is. seen is as for
// SetGap. Errors: Invalid with all problems, NotFound, Stale.
func (s *Service) SetSlots(ctx context.Context, a domain.Actor, id domain.ChannelID, seen string, slots []domain.Slot) (domain.Channel, error) {
	if err := s.cfg.Access.Check(a, permit.Channels, permit.Update); err != nil {
		return domain.Channel{}, err
	}
	if err := fault.Check(domain.ValidateSlots(slots)); err != nil {
		return domain.Channel{}, err
	}
	slots = slices.Clone(slots)
	domain.SortSlots(slots)
	return s.configure(ctx, a, id, seen, nil, func(c *domain.Channel) []domain.AuditChange {
		changes := audit.Changes([3]string{"slots", slotsText(c.Slots), slotsText(slots)})
		c.Slots = slots
		return changes
	})
}

// slotsText writes slots down for people, such as "Monday 09:00, Friday 17:30".
func slotsText(slots []domain.Slot) string {
	out := make([]string, len(slots))
	for i, s := range slots {
		out[i] = fmt.Sprintf("%s %02d:%02d", s.Weekday, s.Minute/60, s.Minute%60)
	}
	return strings.Join(out, ", ")
}
