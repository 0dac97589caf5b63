// Package publish carries a due delivery to its platform and records what
// became of it. Before every visible change its intent is committed; after it,
// its result. What was not recorded is cleared up by looking, never by doing it
// again blindly. See docs/architecture.md for the picture.
package publish

import (
	"time"

	"github.com/crierhq/crier/ports/social"
)

// Action is what happens after a failed call.
type Action string

// The actions. Every social.Code maps to exactly one.
const (
	ActRetry     Action = "retry"     // nothing happened: the same call again, later
	ActWait      Action = "wait"      // nothing happened: when the platform says, however long
	ActRefresh   Action = "refresh"   // nothing happened: renew the credential, then again
	ActReconnect Action = "reconnect" // nothing happened: park the channel, tell people
	ActFail      Action = "fail"      // nothing happened, and never will like this
	ActAdopt     Action = "adopt"     // it is there already: look it up
	ActVerify    Action = "verify"    // it may have happened: look, never blindly again
)

// decisions is the whole error policy of a visible change, in one place.
var decisions = map[social.Code]Action{
	social.CodeRejected:       ActFail,
	social.CodeUnsupported:    ActFail,
	social.CodeDuplicate:      ActAdopt,
	social.CodeAuthExpired:    ActRefresh,
	social.CodeAuthRevoked:    ActReconnect,
	social.CodeScopeMissing:   ActReconnect,
	social.CodeAccountBlocked: ActReconnect,
	social.CodeRateLimited:    ActWait,
	social.CodeQuota:          ActWait,
	social.CodeUnavailable:    ActRetry,
	social.CodeOutcomeUnknown: ActVerify,
}

// decide maps what a visible change failed with to what happens next.
func decide(code social.Code) Action {
	if act, ok := decisions[code]; ok {
		return act
	}
	return ActVerify
}

// decideRepeatable is decide for a call that the public cannot see the effect
// of: a lost answer is no more than a failure, and there is nothing to adopt.
func decideRepeatable(code social.Code) Action {
	switch act := decide(code); act {
	case ActVerify:
		return ActRetry
	case ActAdopt:
		return ActFail
	default:
		return act
	}
}

const (
	// maxBackoff bounds the wait between two tries.
	maxBackoff = 10 * time.Minute
	// quotaWait is how long to wait for a quota of unknown length.
	quotaWait = time.Hour
	// rateWait is how long to wait where a platform limits us and does not say
	// for how long.
	rateWait = time.Minute
)

// backoff is the wait before the try after n failed ones: exponential, with up
// to a fifth of jitter on top, so that many do not come back at once.
func (p *Publisher) backoff(base time.Duration, n int) time.Duration {
	d := base << min(max(n-1, 0), 20)
	if d <= 0 || d > maxBackoff {
		d = maxBackoff
	}
	return p.jitter(d)
}

func (p *Publisher) jitter(d time.Duration) time.Duration {
	if d < 5 {
		return d
	}
	return d + time.Duration(p.cfg.Rand(int64(d/5)))
}

// platformWait is how long the platform wants us to wait.
func (p *Publisher) platformWait(e *social.Error) time.Duration {
	switch {
	case e.RetryAfter > 0:
		return p.jitter(e.RetryAfter)
	case e.Code == social.CodeQuota:
		return p.jitter(quotaWait)
	default:
		return p.jitter(rateWait)
	}
}
