package cachetest

import (
	"bytes"
	"context"
	"strconv"
	"sync"
	"time"

	"github.com/crierhq/crier/ports/cache"
)

// key is one of the group g.
func key(name string) cache.Key { return cache.Key{Group: "g", Name: name} }

func keeps(p *probe) {
	p.fill(key("a"), "1")
	p.has("after it was put", key("a"), "1")
	lease := p.misses("another of the group", key("b"))
	p.put(key("b"), lease, "")
	p.has("an empty value", key("b"), "")
	p.put(key("a"), lease, "2")
	p.has("put again under the lease of its group", key("a"), "2")
	got, err := p.in.Cache.Get(p.ctx, key("b"), key("none"), key("a"))
	if err != nil || len(got) != 3 || !got[0].Found || got[1].Found || got[1].Lease == "" || string(got[2].Value) != "2" {
		p.add("Get of three: got %+v, %v, want the second and the last with a lease between them", got, err)
	}
	if got, err := p.in.Cache.Get(p.ctx); err != nil || len(got) != 0 {
		p.add("Get of nothing: got %+v, %v", got, err)
	}
}

func keysApart(p *probe) {
	keys := []cache.Key{
		{Group: "g", Name: "a"},
		{Group: "g2", Name: "a"},
		{Group: "g", Name: "a2"},
		{Group: "g", Name: ""},
		{Group: "", Name: "a"},
		{Group: "g:a", Name: ""},
		{Group: "ga", Name: ""},
		{Group: "g", Name: "lease"},
		{Group: "g", Name: "h:x"},
		{Group: "ü{}*\x00\n", Name: "\x00 '{"},
	}
	for i, k := range keys {
		p.fill(k, strconv.Itoa(i))
	}
	for i, k := range keys {
		p.has("one of many", k, strconv.Itoa(i))
	}
}

func copies(p *probe) {
	value := []byte("as it was\x00\xff")
	if err := p.in.Cache.Put(p.ctx, key("a"), p.misses("at first", key("a")), value); err != nil {
		p.add("Put: got error %v", err)
	}
	want := bytes.Clone(value)
	copy(value, "otherwise")
	p.has("after the caller changed its bytes", key("a"), string(want))
}

func hold(p *probe) {
	p.fill(key("a"), "old")
	release := p.hold("g")
	p.isHeld("while it is held", key("a"))
	p.isHeld("another of the group while it is held", key("b"))
	p.fill(cache.Key{Group: "g2", Name: "a"}, "other")
	p.release(release)
	p.has("another group", cache.Key{Group: "g2", Name: "a"}, "other")
	p.fill(key("a"), "new")
	p.has("after it was held", key("a"), "new")
}

func holdOfSeveral(p *probe) {
	other := cache.Key{Group: "g2", Name: "a"}
	p.fill(key("a"), "old")
	p.fill(other, "old")
	release := p.hold("g", "g2")
	p.isHeld("the first of two", key("a"))
	p.isHeld("the second of two", other)
	p.release(release)
	p.fill(key("a"), "new")
	p.fill(other, "new")
	p.release(p.hold())
}

func twoHolds(p *probe) {
	first, second := p.hold("g"), p.hold("g")
	p.release(first)
	p.release(first)
	p.isHeld("while another holds it", key("a"))
	p.release(second)
	p.fill(key("a"), "new")
}

// lateFill is the reader who read before the change and puts after it.
func lateFill(p *probe) {
	lease := p.misses("at first", key("a"))
	release := p.hold("g")
	p.put(key("a"), lease, "old")
	p.isHeld("after a late fill", key("a"))
	p.release(release)
	p.put(key("a"), lease, "old")
	fresh := p.misses("after a later fill", key("a"))
	p.put(key("a"), lease, "old")
	p.misses("after the latest fill", key("a"))
	p.put(key("a"), fresh, "new")
	p.put(key("a"), lease, "old")
	p.has("after all", key("a"), "new")
}

func fillAcross(p *probe) {
	lease := p.misses("at first", key("a"))
	p.release(p.hold("g"))
	p.put(key("a"), lease, "old")
	p.misses("a value from before a hold", key("a"))
}

func holdEnds(p *probe) {
	p.fill(key("a"), "old")
	lost := p.hold("g")
	p.in.Pass(cache.HoldFor - time.Minute)
	p.isHeld("before the end of a hold", key("a"))
	p.in.Pass(2 * time.Minute)
	p.fill(key("a"), "new")
	p.has("after the end of a hold", key("a"), "new")
	p.release(lost)
}

// lateRelease is a change that took longer than its hold.
func lateRelease(p *probe) {
	slow := p.hold("g")
	p.in.Pass(cache.HoldFor + time.Minute)
	p.fill(key("a"), "old")
	lease := p.misses("another of the group", key("b"))
	quick := p.hold("g")
	p.release(slow)
	p.isHeld("while another holds it", key("a"))
	p.release(quick)
	p.put(key("b"), lease, "old")
	p.misses("what was read before", key("b"))

	slow = p.hold("g")
	p.in.Pass(cache.HoldFor + time.Minute)
	p.fill(key("a"), "old")
	p.release(slow)
	p.misses("after a release that came late", key("a"))
}

// forgottenHold is a cache that was started again during a change.
func forgottenHold(p *probe) {
	if p.in.Forget == nil {
		return
	}
	release := p.hold("g")
	p.in.Forget()
	p.fill(key("a"), "old")
	p.release(release)
	p.misses("after the release of a hold that was forgotten", key("a"))
}

func life(p *probe) {
	d := p.in.Cache.Life()
	if d < 10*time.Second || d > time.Minute {
		p.add("Life: got %s, want that of the harness", d)
	}
	p.fill(key("a"), "1")
	p.in.Pass(d / 2)
	p.has("at half of its life", key("a"), "1")
	p.in.Pass(d/2 + time.Second)
	p.misses("after its life", key("a"))
}

// lifeOfLease is a reader who takes long: the value is as old as its lease.
func lifeOfLease(p *probe) {
	d := p.in.Cache.Life()
	lease := p.misses("at first", key("a"))
	p.in.Pass(d / 2)
	p.put(key("a"), lease, "1")
	p.has("after it was put late", key("a"), "1")
	p.in.Pass(d/2 + time.Second)
	p.put(key("b"), lease, "1")
	p.misses("after the life of its lease", key("a"))
	p.misses("put after the life of its lease", key("b"))
}

func madeUpLease(p *probe) {
	for _, lease := range []string{"", "x", "1"} {
		p.put(cache.Key{Group: "nobody asked " + lease, Name: "a"}, lease, "1")
		p.misses("put without a lease", cache.Key{Group: "nobody asked " + lease, Name: "a"})
	}
	release := p.hold("g")
	p.put(key("a"), "", "1")
	p.isHeld("put without a lease", key("a"))
	p.release(release)
}

func endedContext(p *probe) {
	dead, cancel := context.WithCancel(p.ctx)
	cancel()
	if got, err := p.in.Cache.Get(dead, key("a")); err == nil {
		p.add("Get with an ended context: got %+v, want an error", got)
	}
	if p.in.Cache.Put(dead, key("a"), p.misses("at first", key("a")), nil) == nil {
		p.add("Put with an ended context: got no error")
	}
}

// parallel has readers and writers at once: each reads the truth after it was
// lent the lease, and whoever changed the truth must never be told the old one.
func parallel(p *probe) {
	var mu sync.Mutex
	truth := 0
	read := func() int { mu.Lock(); defer mu.Unlock(); return truth }
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 50 {
				least := read() // the values from before it went with the hold
				got := p.get(key("a"))
				if !got.Found {
					p.put(key("a"), got.Lease, strconv.Itoa(read()))
				} else if n, _ := strconv.Atoi(string(got.Value)); n < least {
					p.add("got %d when it was %d already", n, least)
				}
			}
		})
	}
	wg.Go(func() {
		for range 50 {
			release := p.hold("g")
			mu.Lock()
			truth++
			mu.Unlock()
			p.release(release)
			if got := p.get(key("a")); got.Found && string(got.Value) != strconv.Itoa(read()) {
				p.add("got %q after it was changed to %d", got.Value, read())
			}
		}
	})
	wg.Wait()
}
