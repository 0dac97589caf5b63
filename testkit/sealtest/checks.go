package sealtest

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/seal"
)

const secret = "canary-5e1f-access-token"

// opens demands that s gives want back.
func (p *probe) opens(ctx context.Context, s seal.Sealer, sealed, bound, want string) {
	got, err := s.Open(ctx, sealed, bound)
	if err != nil || string(got) != want {
		p.add("Open: got %q, %v, want %q", got, err, want)
	}
}

// refuses demands that s does not open sealed, and says so without quoting it.
func (p *probe) refuses(ctx context.Context, s seal.Sealer, sealed, bound, what string) {
	got, err := s.Open(ctx, sealed, bound)
	if err == nil {
		p.add("%s: opened as %q", what, got)
		return
	}
	if len(got) > 0 {
		p.add("%s: got bytes beside the error", what)
	}
	if !errors.Is(err, &fault.Error{Kind: fault.Unavailable, Code: "seal_broken"}) {
		p.add("%s: got %v, want fault.Unavailable with the code seal_broken", what, err)
	}
	for _, text := range []string{err.Error(), fmt.Sprintf("%+v", err), fmt.Sprintf("%#v", err)} {
		if strings.Contains(text, secret) || quotes(text, sealed) {
			p.add("%s: the error quotes what it was given: %s", what, text)
			return
		}
	}
}

// quotes reports whether text holds a telling part of sealed: any twelve
// characters of it in a row.
func quotes(text, sealed string) bool {
	const n = 12
	for i := 0; i+n <= len(sealed); i++ {
		if strings.Contains(text, sealed[i:i+n]) {
			return true
		}
	}
	return false
}

func roundTrip(ctx context.Context, p *probe, s seal.Sealer) {
	for _, want := range []string{"", "x", secret, "\x00\xff", strings.Repeat("long", 1<<14)} {
		for _, bound := range []string{"", "channel/1", "a\x00b"} {
			if sealed := p.seal(ctx, s, want, bound); sealed != "" {
				p.opens(ctx, s, sealed, bound, want)
			}
		}
	}
}

func unreadable(ctx context.Context, p *probe, s seal.Sealer) {
	sealed := p.seal(ctx, s, secret, "b")
	for name, plain := range map[string]string{
		"plain":      secret,
		"hex":        hex.EncodeToString([]byte(secret)),
		"base64":     base64.RawStdEncoding.EncodeToString([]byte(secret)),
		"base64 url": base64.RawURLEncoding.EncodeToString([]byte(secret)),
	} {
		if strings.Contains(sealed, plain) {
			p.add("the secret is readable in the sealed text, as %s", name)
		}
	}
	for _, r := range sealed {
		if r <= ' ' || r > '~' {
			p.add("the sealed text has the character %q: it must be printable to be stored anywhere", r)
			return
		}
	}
}

func differs(ctx context.Context, p *probe, s seal.Sealer) {
	seen := map[string]bool{}
	for range 50 {
		sealed := p.seal(ctx, s, secret, "b")
		if seen[sealed] {
			p.add("two seals of one secret are the same text")
			return
		}
		seen[sealed] = true
	}
}

func boundValue(ctx context.Context, p *probe, s seal.Sealer) {
	for bound, others := range map[string][]string{
		"row-1":     {"row-2", "", "row-1 ", "row-", "ROW-1", "row-1\x00"},
		"":          {"row-1", "\x00"},
		"tenant|ab": {"tenanta|b", "tenant|a", "tenant|abb"},
	} {
		sealed := p.seal(ctx, s, secret, bound)
		for _, other := range others {
			p.refuses(ctx, s, sealed, other, fmt.Sprintf("sealed for %q, opened for %q", bound, other))
		}
	}
}

func tampering(ctx context.Context, p *probe, s seal.Sealer) {
	sealed := p.seal(ctx, s, secret, "b")
	for i := range sealed {
		for _, c := range []byte("AB9-.\n") {
			if sealed[i] != c {
				p.refuses(ctx, s, sealed[:i]+string(c)+sealed[i+1:], "b", fmt.Sprintf("character %d changed", i))
			}
		}
		p.refuses(ctx, s, sealed[:i]+sealed[i+1:], "b", fmt.Sprintf("character %d taken away", i))
		p.refuses(ctx, s, sealed[:i], "b", fmt.Sprintf("cut at %d", i))
		// Decoders of base64 skip line ends, so the text would have twins.
		p.refuses(ctx, s, sealed[:i]+"\n"+sealed[i:], "b", fmt.Sprintf("line end at %d", i))
	}
	for _, c := range base64Alphabet {
		if last := sealed[len(sealed)-1]; byte(c) != last {
			p.refuses(ctx, s, sealed[:len(sealed)-1]+string(c), "b", fmt.Sprintf("last character %q", c))
		}
	}
	for _, tail := range []string{"A", "=", "==", "\n", " ", ".", "AAAA"} {
		p.refuses(ctx, s, sealed+tail, "b", fmt.Sprintf("with %q behind it", tail))
	}
}

const base64Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/"

func garbage(ctx context.Context, p *probe, s seal.Sealer) {
	for _, text := range []string{
		"", ".", "..", "...", "v1", "v1.", "v1..", "v1.k.", "v1.k.AAAA", "v9.k.AAAA", secret, "\x00", strings.Repeat("A", 1<<12),
	} {
		p.refuses(ctx, s, text, "", fmt.Sprintf("the text %.20q", text))
	}
}

func notStale(ctx context.Context, p *probe, s seal.Sealer) {
	if s.Stale(p.seal(ctx, s, secret, "b")) {
		p.add("what was sealed a moment ago is stale")
	}
}

func parallel(ctx context.Context, p *probe, s seal.Sealer) {
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			bound := fmt.Sprint(i)
			for range 20 {
				p.opens(ctx, s, p.seal(ctx, s, secret+bound, bound), bound, secret+bound)
			}
		})
	}
	wg.Wait()
}

// otherKeys takes sealers that have no key in common.
func otherKeys(ctx context.Context, p *probe, h Harness) {
	if h.Rotate == nil {
		return
	}
	before, _, after, err := h.Rotate()
	if err != nil {
		p.add("Rotate: %v", err)
		return
	}
	p.refuses(ctx, after, p.seal(ctx, before, secret, "b"), "b", "a key that is not known any more")
	p.refuses(ctx, before, p.seal(ctx, after, secret, "b"), "b", "a key that is not known yet")
}

func rotation(ctx context.Context, p *probe, h Harness) {
	if h.Rotate == nil {
		return
	}
	before, both, after, err := h.Rotate()
	if err != nil {
		p.add("Rotate: %v", err)
		return
	}
	old := p.seal(ctx, before, secret, "b")
	p.opens(ctx, both, old, "b", secret)
	if !both.Stale(old) {
		p.add("what was sealed with the older key is not stale")
	}
	fresh := p.seal(ctx, both, secret, "b")
	p.opens(ctx, after, fresh, "b", secret)
	if both.Stale(fresh) || after.Stale(fresh) {
		p.add("what was sealed with the newest key is stale")
	}
	if !after.Stale(old) {
		p.add("what was sealed with an unknown key is not stale")
	}
}
