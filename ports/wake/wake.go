// Package wake is the port to a bell between processes: one that wrote something
// rings it, and workers elsewhere look at once instead of at their next poll.
//
// A ring is a hint and carries nothing. What there is to do is in the store, and
// whoever hears a ring looks there. So a ring that is lost costs a poll, and one
// that is late, doubled or wrong costs one look. Nothing may rest on more.
package wake

import "context"

// Bell is a bell that every process of one installation shares. Implementations
// are safe for concurrent use.
type Bell interface {
	// Ring tells all that listen, this process included, that there may be
	// something to do. Call it after the commit of what there is to do: a ring
	// before it makes others look too early. It may be repeated. It waits for
	// no listener, is no error where nobody listens, and returns soon after ctx
	// ended. An error means that perhaps nobody heard it.
	Ring(ctx context.Context) error

	// Listen calls woken after every ring until ctx ends, and then returns. Many
	// rings may become one call, but there is always a call that begins after
	// the last ring. A connection that is lost is made again, with growing
	// pauses. Each time that Listen begins to hear, at first and after a loss,
	// there is one call for what was missed before. Calls come one after the
	// other, and none after Listen returned; woken must return soon. More than
	// one Listen may run at once.
	Listen(ctx context.Context, woken func())

	// Ready returns nil while every Listen that runs hears rings and the last
	// Ring went out, and else why not. It asks nobody and returns at once.
	Ready() error
}
