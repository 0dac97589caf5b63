package channel

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/crierhq/crier/core/audit"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/permit"
	"github.com/crierhq/crier/ports/store"
)

// maxGap bounds the gap that people choose.
const maxGap = 24 * time.Hour

// SettingsTag names what people decided about a channel: it is another one exactly
// if they decided something else. What happens to the channel by itself, such as
// a new sign-in, does not change it.
func SettingsTag(c domain.Channel) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d/%s/%s", c.Gap, c.Group, slotsText(c.Slots)))
	return hex.EncodeToString(sum[:8])
}

// SetGap sets the least time between two changes on a channel. Zero leaves it to
// the installation and the platform, which may always ask for more. It counts
// from the next change on. seen is the SettingsTag of what the person had read;
// empty: whatever it is now. Errors: Invalid, NotFound, Stale.
func (s *Service) SetGap(ctx context.Context, a domain.Actor, id domain.ChannelID, seen string, gap time.Duration) (domain.Channel, error) {
	if err := s.cfg.Access.Check(a, permit.Channels, permit.Update); err != nil {
		return domain.Channel{}, err
	}
	if gap < 0 || gap > maxGap {
		return domain.Channel{}, fault.Check([]fault.Problem{{
			Field: "gapSeconds", Rule: "range", Message: "The time between two posts is from 0 to 86400 seconds.",
		}})
	}
	return s.configure(ctx, a, id, seen, nil, func(c *domain.Channel) []domain.AuditChange {
		changes := audit.Changes([3]string{"gap", c.Gap.String(), gap.String()})
		c.Gap = gap
		return changes
	})
}

// configure changes what people decide about a channel that is connected, and
// tells the audit log. before looks at what the change needs; it may be nil.
func (s *Service) configure(ctx context.Context, a domain.Actor, id domain.ChannelID, seen string, before func(context.Context, store.Repos) error, change func(*domain.Channel) []domain.AuditChange) (domain.Channel, error) {
	now := domain.Instant(s.cfg.Now())
	var out domain.Channel
	err := s.cfg.Store.InTx(ctx, func(ctx context.Context, r store.Repos) (err error) {
		if before != nil {
			if err := before(ctx, r); err != nil {
				return err
			}
		}
		var changes []domain.AuditChange
		out, err = r.Channels().Update(ctx, a.Organization, id, func(c *domain.Channel) error {
			if c.State == domain.ChannelDisconnected || !a.Reach.Covers(id) {
				return fault.ErrNotFound
			}
			if seen != "" && seen != SettingsTag(*c) {
				return fault.New(fault.Stale, "stale", "The settings of the account were changed since you read them. Read them again first.")
			}
			changes = change(c)
			c.UpdatedAt = now
			return nil
		})
		if err != nil || len(changes) == 0 {
			return err
		}
		return s.cfg.Audit.Append(ctx, r, a, audit.Channel(out, "channel.configured", changes...))
	})
	return out, missing(err, id)
}
