package simulation

import (
	"container/heap"
	"fmt"
	"time"
)

// actor is a line of work that waits for virtual time: a worker process, the
// people, or the run itself. One actor has the baton and runs; the others wait
// for it.
type actor struct {
	name   string
	baton  chan struct{}
	epoch  int // an entry of the queue with an older one is void
	queued bool
	idle   bool
}

func newActor(name string) actor { return actor{name: name, baton: make(chan struct{}, 1)} }

// event is what the clock comes to: an actor that goes on, or something that
// happens by itself.
type event struct {
	at    time.Time
	seq   int
	actor *actor
	epoch int
	do    func()
}

type queue []event

func (q queue) Len() int      { return len(q) }
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q queue) Less(i, j int) bool {
	if c := q[i].at.Compare(q[j].at); c != 0 {
		return c < 0
	}
	return q[i].seq < q[j].seq
}
func (q *queue) Push(e any) { *q = append(*q, e.(event)) }
func (q *queue) Pop() any {
	old := *q
	e := old[len(old)-1]
	*q = old[:len(old)-1]
	return e
}

// clock is virtual time and who runs when. All of it belongs to whoever has the
// baton.
type clock struct {
	now   time.Time
	start time.Time
	queue queue
	seq   int
	turns int
	// stop makes everybody come to an end at once.
	stop bool
}

func (c *clock) push(e event) {
	c.seq++
	e.seq = c.seq
	heap.Push(&c.queue, e)
}

// after has do happen in d.
func (c *clock) after(d time.Duration, do func()) { c.push(event{at: c.now.Add(d), do: do}) }

// schedule has a go on at the given time, and not at the time that was set
// before.
func (c *clock) schedule(a *actor, at time.Time) {
	a.epoch++
	a.queued = true
	c.push(event{at: at, actor: a, epoch: a.epoch})
}

// sleep lets d pass for a, and others do something meanwhile.
func (c *clock) sleep(a *actor, d time.Duration) {
	if c.stop {
		return
	}
	at := c.now.Add(max(d, 0))
	if len(c.queue) == 0 || c.queue[0].at.After(at) {
		c.now = at
		return
	}
	c.schedule(a, at)
	c.yield(a)
}

// yield hands the baton to whoever is next, and returns when a has it again. A
// nil actor is one that came to its end.
func (c *clock) yield(a *actor) {
	for len(c.queue) > 0 {
		e := heap.Pop(&c.queue).(event)
		if e.actor != nil && e.actor.epoch != e.epoch {
			continue
		}
		c.turns++
		if e.at.After(c.now) {
			c.now = e.at
		}
		if e.do != nil {
			e.do()
			continue
		}
		e.actor.queued = false
		if e.actor == a {
			return
		}
		e.actor.baton <- struct{}{}
		break
	}
	if a != nil {
		<-a.baton
	}
}

// stamp is the time since the start, for the trace.
func (c *clock) stamp() string {
	d := c.now.Sub(c.start)
	return fmt.Sprintf("%3dh%02dm%06.3fs", int(d.Hours()), int(d.Minutes())%60, (d % time.Minute).Seconds())
}
