package passwordtest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"time"
)

const plain = "correct horse battery staple"

func rightAndWrong(ctx context.Context, p *probe) {
	long := strings.Repeat("0123456789", 12)
	for name, pair := range map[string][2]string{
		"a usual password":             {plain, plain + "r"},
		"a case that differs":          {"Secret-1", "secret-1"},
		"a shorter one":                {plain, plain[1:]},
		"a space at the end":           {plain, plain + " "},
		"letters beyond ASCII":         {"pässwörd-密码", "passwörd-密码"},
		"a NUL byte":                   {"abc\x00def", "abc\x00xyz"},
		"a difference after 72 bytes":  {long, long[:119] + "x"},
		"a difference after 100 bytes": {long, long + "x"},
		"an empty one":                 {"", "x"},
	} {
		encoded := p.hash(ctx, p.hasher, pair[0])
		p.verify(ctx, p.hasher, encoded, pair[0], true, name)
		p.verify(ctx, p.hasher, encoded, pair[1], false, name+", wrong")
	}
	p.verify(ctx, p.hasher, p.hash(ctx, p.hasher, plain), "", false, "an empty password")
}

func salt(ctx context.Context, p *probe) {
	seen := map[string]bool{}
	for range 4 {
		encoded := p.hash(ctx, p.hasher, plain)
		if seen[encoded] {
			p.add("two hashes of one password are equal: there is no salt")
			return
		}
		seen[encoded] = true
	}
}

func unreadable(ctx context.Context, p *probe) {
	encoded := p.hash(ctx, p.hasher, plain)
	if strings.Contains(encoded, plain) {
		p.add("the password is readable in its hash")
	}
	if len(encoded) > 255 {
		p.add("the hash has %d characters, want at most 255", len(encoded))
	}
	for _, r := range encoded {
		if r <= ' ' || r > '~' {
			p.add("the hash has the character %q: it must be printable to be stored anywhere", r)
			return
		}
	}
}

// strangers are hashes that no hasher can read, or whose parameters ask for
// far too much.
func strangers() []string {
	return []string{
		"", " ", "$", "$$", "plain", "$x$y$z", "$2y$10$abcdefghijklmnopqrstuv", "$argon2id$", "$argon2id$v=19$m=0,t=0,p=0$$",
		"$argon2id$v=19$m=4294967295,t=4294967295,p=255$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaA",
		"$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0$", "$argon2i$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaA",
		"$pbkdf2-sha256$i=0$$", "$pbkdf2-sha256$i=999999999999$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaA", "$pbkdf2-sha256$i=1000$c2FsdHNhbHRzYWx0$",
	}
}

func foreign(ctx context.Context, p *probe) {
	for _, encoded := range strangers() {
		for _, attempt := range []string{"", plain} {
			p.verify(ctx, p.hasher, encoded, attempt, false, fmt.Sprintf("the unknown hash %q", encoded))
		}
	}
}

func changed(ctx context.Context, p *probe) {
	encoded := p.hash(ctx, p.hasher, plain)
	// A cut hash must not match with what is left of it.
	for _, n := range []int{1, len(encoded) / 8, len(encoded) / 4, len(encoded) - 1} {
		p.verify(ctx, p.hasher, encoded[:len(encoded)-n], plain, false, fmt.Sprintf("a hash without its last %d characters", n))
	}
	last := strings.LastIndex(encoded, "$")
	if last > 0 {
		p.verify(ctx, p.hasher, encoded[:last+1], plain, false, "a hash without its last part")
	}
	p.verify(ctx, p.hasher, encoded+"A", plain, false, "a hash with more behind it")
	p.verify(ctx, p.hasher, encoded+"\n", plain, false, "a hash with a line end behind it")
}

func retuned(ctx context.Context, p *probe) {
	for name, encoded := range map[string]string{
		"an older hash": p.hash(ctx, p.retuned, plain),
		"a newer hash":  p.hash(ctx, p.hasher, plain),
	} {
		p.verify(ctx, p.hasher, encoded, plain, true, name)
		p.verify(ctx, p.retuned, encoded, plain, true, name)
		p.verify(ctx, p.retuned, encoded, plain+"x", false, name+", wrong")
	}
}

func stale(ctx context.Context, p *probe) {
	own, other := p.hash(ctx, p.hasher, plain), p.hash(ctx, p.retuned, plain)
	for what, c := range map[string]struct{ got, want bool }{
		"a hash of its own":            {p.hasher.Stale(own), false},
		"a hash with other parameters": {p.hasher.Stale(other), true},
		"its hash, to the other":       {p.retuned.Stale(own), true},
		"what it cannot read":          {p.hasher.Stale("x"), true},
	} {
		if c.got != c.want {
			p.add("is %s stale: got %t, want %t", what, c.got, c.want)
		}
	}
}

func endedContext(ctx context.Context, p *probe) {
	encoded := p.hash(ctx, p.hasher, plain)
	dead, cancel := context.WithCancel(ctx)
	cancel()
	if got, err := p.hasher.Hash(dead, plain); !errors.Is(err, context.Canceled) || got != "" {
		p.add("Hash with an ended context: got %q, %v, want context.Canceled", got, err)
	}
	if got, err := p.hasher.Verify(dead, encoded, plain); !errors.Is(err, context.Canceled) || got {
		p.add("Verify with an ended context: got %t, %v, want context.Canceled", got, err)
	}
}

func parallel(ctx context.Context, p *probe) {
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			mine := plain + fmt.Sprint(i)
			p.verify(ctx, p.hasher, p.hash(ctx, p.hasher, mine), mine, true, "a password among others")
		})
	}
	wg.Wait()
}

// equalTime compares the fastest of several runs: a busy machine makes runs
// slower, never faster. What it looks for is a hasher that does not do the
// work, which is faster by orders of magnitude, so the bounds are wide.
func equalTime(ctx context.Context, p *probe) {
	const runs, slack = 9, 6
	encoded := p.hash(ctx, p.hasher, plain)
	fastest := map[string]time.Duration{}
	kinds := map[string]string{"a right one": encoded, "a wrong one": encoded, "an empty hash": "", "an unknown hash": "$x$y$z"}
	for range runs {
		for kind, enc := range kinds {
			attempt := "wrong"
			if kind == "a right one" {
				attempt = plain
			}
			start := time.Now()
			_, _ = p.hasher.Verify(ctx, enc, attempt)
			took := time.Since(start)
			if old, ok := fastest[kind]; !ok || took < old {
				fastest[kind] = took
			}
		}
	}
	least, most := time.Duration(math.MaxInt64), time.Duration(0)
	for _, took := range fastest {
		least, most = min(least, took), max(most, took)
	}
	if most > slack*least {
		p.add("Verify takes a time that tells what it was asked: %v", fastest)
	}
	if most < 50*time.Microsecond {
		p.add("Verify takes only %v: it must be slow", most)
	}
}
