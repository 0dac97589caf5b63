package doctor

import (
	"slices"
	"strings"
	"time"

	"github.com/crierhq/crier/core/channel"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/social"
)

// soon is how long before its end a sign-in that cannot be renewed is worth a
// word.
const soon = 7 * 24 * time.Hour

// channel looks at the sign-in behind one channel.
func (l *look) channel(pf channel.Platform, ch domain.Channel) {
	const again = "Connect the account again."
	left := ch.SecretExpires.Sub(l.cfg.Now())
	switch {
	case ch.State == domain.ChannelReconnect:
		l.bad(Error, "token", ch.Name, again, "%s", ch.StateReason)
		return
	case ch.State != domain.ChannelActive:
		return
	case ch.RefreshProblem != "":
		l.bad(Warning, "token", ch.Name, "It is tried again by itself. "+again+" if it goes on.", "Its sign-in could not be renewed: %s", ch.RefreshProblem)
	case ch.SecretExpires.IsZero(), left > soon, pf.Can.Refresh != nil:
		l.ok("token", ch.Name, "Its sign-in is good.")
	case left <= 0:
		l.bad(Error, "token", ch.Name, again, "Its sign-in has ended, and the platform has no way to renew it.")
	default:
		l.bad(Warning, "token", ch.Name, again, "Its sign-in ends on %s, and the platform has no way to renew it.", ch.SecretExpires.Format(time.DateOnly))
	}
	l.granted(pf, ch)
}

// granted compares what was asked for with what the person allowed.
func (l *look) granted(pf channel.Platform, ch domain.Channel) {
	t, err := l.cfg.Channels.Credentials().Target(l.ctx, ch)
	if err != nil {
		l.bad(Error, "token", ch.Name, "Connect the account again. If that happens to all accounts, look whether ENCRYPTION_KEYS was changed.", "Its sign-in cannot be read: %s", social.AsError(err).Message)
		return
	}
	granted := t.Credential.Scopes()
	if len(granted) == 0 {
		return // the platform does not say
	}
	var missing []string
	for _, s := range pf.Descriptor.Scopes {
		if !slices.Contains(granted, s) {
			missing = append(missing, s)
		}
	}
	if len(missing) > 0 {
		l.bad(Warning, "scopes", ch.Name, "Connect the account again, and allow all that is asked for.", "These were not allowed: %s.", strings.Join(missing, ", "))
	}
}
