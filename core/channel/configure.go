package channel

import (
	"context"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/permit"
)

// maxGap bounds the gap that people choose.
const maxGap = 24 * time.Hour

// SetGap sets the least time between two changes on a channel. Zero leaves it to
// the installation and the platform, which may always ask for more. It counts
// from the next change on. Errors: Invalid, NotFound.
func (s *Service) SetGap(ctx context.Context, a domain.Actor, id domain.ChannelID, gap time.Duration) (domain.Channel, error) {
	if err := s.cfg.Access.Check(a, permit.Channels, permit.Update); err != nil {
		return domain.Channel{}, err
	}
	if gap < 0 || gap > maxGap {
		return domain.Channel{}, fault.Check([]fault.Problem{{
			Field: "gapSeconds", Rule: "range", Message: "The time between two posts is from 0 to 86400 seconds.",
		}})
	}
	return s.configure(ctx, a, id, func(c *domain.Channel) { c.Gap = gap })
}

// configure changes what people decide about a channel that is connected.
func (s *Service) configure(ctx context.Context, a domain.Actor, id domain.ChannelID, change func(*domain.Channel)) (domain.Channel, error) {
	now := domain.Instant(s.cfg.Now())
	out, err := s.cfg.Store.Channels().Update(ctx, a.Organization, id, func(c *domain.Channel) error {
		if c.State == domain.ChannelDisconnected {
			return fault.ErrNotFound
		}
		change(c)
		c.UpdatedAt = now
		return nil
	})
	return out, missing(err, id)
}
