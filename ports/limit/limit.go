// Package limit is the port that counts how often somebody does something, and
// says when it is too often.
//
// All implementations count in the same way, by the generic cell rate
// algorithm: a key may take Policy.Limit units at once, and gets them back
// evenly over Policy.Window. There is no window whose end could be waited for to
// take twice as much, and one number is kept for each key.
package limit

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Policy is how much a key may take. The zero Policy is not valid.
type Policy struct {
	// Name tells policies apart: a key has a count of its own in each. It is
	// made of letters, digits, - and _, and people read it.
	Name string
	// Limit is how many units a key may take at once, and over Window. At least 1.
	Limit int
	// Window is the time after which everything that was taken is back. At least
	// a microsecond for each unit, and at most a day.
	Window time.Duration
}

// MaxWindow bounds Policy.Window.
const MaxWindow = 24 * time.Hour

// Check reports everything that is wrong with p.
func (p Policy) Check() error {
	var problems []error
	if !validName(p.Name) {
		problems = append(problems, fmt.Errorf("limit: %q cannot be the name of a policy: use letters, digits, - and _", p.Name))
	}
	if p.Limit < 1 {
		problems = append(problems, fmt.Errorf("limit: the policy %s has a limit of %d; it must be at least 1", p.Name, p.Limit))
	} else if p.Window > MaxWindow || p.interval() < 1 {
		problems = append(problems, fmt.Errorf("limit: the window of the policy %s is %s; it must be from a microsecond a unit to %s", p.Name, p.Window, MaxWindow))
	}
	return errors.Join(problems...)
}

func validName(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == ""
}

// Result is what became of a Take.
type Result struct {
	// Allowed says that the units were taken. Else nothing was.
	Allowed bool
	// Remaining is how many units could be taken at once now.
	Remaining int
	// Reset is the time until all units are back.
	Reset time.Duration
	// RetryAfter is the time until as many units are there as were asked for.
	// Zero if Allowed.
	RetryAfter time.Duration
}

// Limiter counts. Implementations are safe for concurrent use.
type Limiter interface {
	// Take takes n units of key under p, all or none. n is from 1 to p.Limit. An
	// error means that nothing is known and that nothing need have been taken:
	// that p or n is not valid, that ctx has ended, or that what keeps the counts
	// cannot be reached.
	Take(ctx context.Context, key string, p Policy, n int) (Result, error)
}

// CheckTake reports what is wrong with the arguments of a Take.
func CheckTake(p Policy, n int) error {
	if err := p.Check(); err != nil {
		return err
	}
	if n < 1 || n > p.Limit {
		return fmt.Errorf("limit: %d units of the policy %s were asked for; it must be from 1 to %d", n, p.Name, p.Limit)
	}
	return nil
}

// interval is the time in which one unit comes back, in microseconds: the unit
// of all arithmetic here, which even the numbers of Lua hold exactly.
func (p Policy) interval() int64 { return p.Window.Microseconds() / int64(max(p.Limit, 1)) }

// Take is the algorithm, for implementations. full is the time at which all units
// of the key are back, in microseconds since 1970, and now is the time; the new
// full is to be kept until it is over. The arguments must have been checked with
// CheckTake.
func (p Policy) Take(full, now int64, n int) (int64, Result) {
	interval := p.interval()
	burst := interval * int64(p.Limit)
	full = max(full, now)
	next := full + interval*int64(n)
	if over := next - now - burst; over > 0 {
		return full, p.Result(false, full-now, over)
	}
	return next, p.Result(true, next-now, 0)
}

// Result is what a Take came to, from the microseconds until all units are back
// and until as many are back as were asked for.
func (p Policy) Result(allowed bool, reset, retryAfter int64) Result {
	interval := p.interval()
	// A full that a faster clock wrote may lie beyond the burst.
	remaining := max(0, (interval*int64(p.Limit)-reset)/interval)
	return Result{
		Allowed: allowed, Remaining: int(remaining),
		Reset: time.Duration(reset) * time.Microsecond, RetryAfter: time.Duration(retryAfter) * time.Microsecond,
	}
}

// Interval and Burst are the numbers of the algorithm in microseconds, for
// implementations that count elsewhere: the time in which one unit comes back,
// and all of them.
func (p Policy) Interval() (interval, burst int64) {
	return p.interval(), p.interval() * int64(p.Limit)
}
