package queue

import (
	"fmt"
	"time"
)

// Policy says how often and how long the jobs of a kind are tried. The zero
// value of each field is its default.
type Policy struct {
	// MaxAttempts bounds the runs of a job, those included whose worker died.
	// Default 3.
	MaxAttempts int
	// Backoff is the wait after the first failure; each one after it is twice
	// the one before. Default 2 s.
	Backoff time.Duration
	// MaxBackoff bounds the wait. Default 1 h.
	MaxBackoff time.Duration
	// Jitter is by what share a wait may be longer, so that what failed together
	// is not tried together. Default 0.25; negative: none.
	Jitter float64
	// Timeout bounds one run. Default 10 min.
	Timeout time.Duration
}

// The defaults of a Policy.
const (
	defaultAttempts   = 3
	defaultBackoff    = 2 * time.Second
	defaultMaxBackoff = time.Hour
	defaultJitter     = 0.25
	defaultTimeout    = 10 * time.Minute
)

func (p Policy) withDefaults() Policy {
	if p.MaxAttempts == 0 {
		p.MaxAttempts = defaultAttempts
	}
	if p.Backoff == 0 {
		p.Backoff = defaultBackoff
	}
	if p.MaxBackoff == 0 {
		p.MaxBackoff = max(defaultMaxBackoff, p.Backoff)
	}
	if p.Jitter == 0 {
		p.Jitter = defaultJitter
	}
	if p.Timeout == 0 {
		p.Timeout = defaultTimeout
	}
	return p
}

func (p Policy) problems(name string) []error {
	var out []error
	for field, bad := range map[string]bool{
		"MaxAttempts": p.MaxAttempts < 0, "Backoff": p.Backoff < 0, "MaxBackoff": p.MaxBackoff < 0,
		"Timeout": p.Timeout < 0, "Jitter": p.Jitter > 1,
	} {
		if bad {
			out = append(out, fmt.Errorf("queue: %s of the policy for %s is out of range", field, name))
		}
	}
	return out
}

// Wait is how long to wait after the given number of attempts, all of which
// failed. random is from [0, 1).
func (p Policy) Wait(attempts int, random float64) time.Duration {
	p = p.withDefaults()
	d := p.Backoff
	for range attempts - 1 {
		if d >= p.MaxBackoff/2 {
			d = p.MaxBackoff
			break
		}
		d *= 2
	}
	d = min(d, p.MaxBackoff)
	return d + time.Duration(float64(d)*max(p.Jitter, 0)*random)
}
