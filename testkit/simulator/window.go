package simulator

import "time"

// Window is what is left of an allowance.
type Window struct {
	Limit     int
	Remaining int       // -1: this one was too many
	Reset     time.Time // when it begins again
}

// Over reports that there was nothing left to take.
func (w Window) Over() bool { return w.Remaining < 0 }

// Take takes one of limit that there are within per, under a key such as
// "x/posts/"+account.
func (w *World) Take(key string, limit int, per time.Duration) Window {
	now := w.Now()
	in := w.windows[key]
	if in == nil || !now.Before(in.Reset) {
		in = &Window{Limit: limit, Remaining: limit, Reset: now.Add(per)}
		w.windows[key] = in
	}
	out := *in
	out.Remaining--
	in.Remaining = max(0, out.Remaining)
	return out
}
