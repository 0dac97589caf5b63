package domain

import "time"

const (
	// refreshMost and refreshLeast bound how long before its end a credential is
	// renewed.
	refreshMost  = 7 * 24 * time.Hour
	refreshLeast = 5 * time.Minute
	// refreshPause is the shortest time between two renewals that nobody asked
	// for, and the wait after the first that failed; it doubles up to
	// refreshPauseMost.
	refreshPause     = 30 * time.Second
	refreshPauseMost = time.Hour
	// refreshesFailing is how many renewals in a row fail before people are told.
	refreshesFailing = 3
)

// Forecast is a warning that a credential ends and that a person has to act.
type Forecast string

// The forecasts, from the mildest on. Each is told once for one credential.
const (
	// ForecastWeek is told seven days ahead.
	ForecastWeek Forecast = "week"
	// ForecastDay is told one day ahead.
	ForecastDay Forecast = "day"
)

// ahead is how long before the end f is told.
func (f Forecast) ahead() time.Duration {
	if f == ForecastWeek {
		return 7 * 24 * time.Hour
	}
	return 24 * time.Hour
}

// RefreshTime returns when a credential that was issued at one time and ends at
// another is to be renewed: after two thirds of its life, but between seven days
// and five minutes before its end, and never before half of its life is over.
// It is zero for a credential that does not end.
func RefreshTime(issued, expires time.Time) time.Time {
	if expires.IsZero() {
		return time.Time{}
	}
	life := expires.Sub(issued)
	at := issued.Add(life / 3 * 2)
	at = later(at, expires.Add(-refreshMost))
	at = earlier(at, expires.Add(-refreshLeast))
	at = later(at, issued.Add(life/2))
	return Instant(later(at, issued.Add(refreshPause)))
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// Renewed puts a new credential into the channel, which nobody was warned of
// yet, and plans the renewal after it if it is renewable.
func (c *Channel) Renewed(secret string, expires time.Time, renewable bool, now time.Time) {
	c.Secret, c.SecretExpires, c.UpdatedAt = secret, Instant(expires), Instant(now)
	c.RefreshAt, c.RefreshFailures, c.RefreshProblem, c.Foretold = time.Time{}, 0, "", ""
	if renewable {
		c.RefreshAt = RefreshTime(now, expires)
	}
	c.EndRenewal()
}

// RenewalFailed records a renewal that may work later and plans the next one:
// after a wait that doubles and is at least as long as the platform asked for,
// but never beyond the end of the credential while that is still to come.
func (c *Channel) RenewalFailed(problem string, wait time.Duration, now time.Time) {
	c.RefreshFailures++
	c.RefreshProblem = problem
	backoff := min(refreshPause<<min(c.RefreshFailures-1, 10), refreshPauseMost)
	next := now.Add(max(backoff, wait))
	if c.SecretExpires.After(now) {
		next = earlier(next, c.SecretExpires)
	}
	c.RefreshAt = Instant(next)
	c.EndRenewal()
}

// ClaimRenewal gives owner the right to renew the credential until the given
// time. Stores call it for the rows that a claim selects.
func (c *Channel) ClaimRenewal(owner string, until time.Time) {
	c.Renewal = Lease{Owner: owner, Until: Instant(until), Token: c.Renewal.Token + 1}
	c.Version++
}

// EndRenewal takes that right away from whoever has it.
func (c *Channel) EndRenewal() { c.Renewal = Lease{Token: c.Renewal.Token + 1} }

// Renewing reports whether somebody has the right to renew it at now.
func (c *Channel) Renewing(now time.Time) bool { return c.Renewal.Until.After(now) }

// RenewBeforeUse reports whether the credential is so near its end that it is to
// be renewed before it is used at now. While a renewal that failed is to be left
// in peace, one that has not ended is used as it is.
func (c *Channel) RenewBeforeUse(now time.Time) bool {
	switch {
	case c.SecretExpires.IsZero() || now.Before(c.SecretExpires.Add(-refreshLeast)):
		return false
	case c.Ended(now):
		return true
	default:
		return !now.Before(c.RefreshAt)
	}
}

// Ended reports whether the credential has ended by now.
func (c *Channel) Ended(now time.Time) bool {
	return !c.SecretExpires.IsZero() && !now.Before(c.SecretExpires)
}

// Foretell reports whether people are to be warned at now that the credential
// ends, and records that they are. There is nothing to warn of while it is
// renewed by itself and that works.
func (c *Channel) Foretell(now time.Time) bool {
	f, ends := c.nextForecast()
	if !ends || f == "" || !c.RefreshAt.IsZero() && c.RefreshFailures < refreshesFailing {
		return false
	}
	if !now.Before(c.SecretExpires.Add(-ForecastDay.ahead())) {
		f = ForecastDay // the milder one would come too late
	}
	if now.Before(c.SecretExpires.Add(-f.ahead())) {
		return false
	}
	c.Foretold = f
	return true
}

// nextForecast is what is to be told next, if the channel has a credential that
// ends: nothing once all was told.
func (c *Channel) nextForecast() (f Forecast, ends bool) {
	ends = c.State == ChannelActive && !c.HostTokens && !c.SecretExpires.IsZero()
	switch c.Foretold {
	case "":
		return ForecastWeek, ends
	case ForecastWeek:
		return ForecastDay, ends
	default:
		return "", ends
	}
}

// CareAt is the time from which a worker must see to the credential: to renew
// it or, where that cannot be done, to tell people of its end and to park the
// channel when it has come. It is zero where there is nothing to do, and never
// before somebody's lease ends.
func (c *Channel) CareAt() time.Time {
	at := c.RefreshAt
	if at.IsZero() {
		f, ends := c.nextForecast()
		if !ends {
			return time.Time{}
		}
		at = c.SecretExpires
		if f != "" {
			at = at.Add(-f.ahead())
		}
	}
	return Instant(later(at, c.Renewal.Until))
}
