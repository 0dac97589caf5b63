package token_test

import (
	"testing"

	"github.com/crierhq/crier/core/token"
)

func TestSecretsAreLongAndTheirHashesFindThem(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 100 {
		secret, hash := token.New()
		if len(secret) != 43 || seen[secret] {
			t.Fatalf("got the secret %q, want 43 characters that were not there before", secret)
		}
		seen[secret] = true
		if got := token.Hash(secret); got != hash || len(got) != 64 || got == secret {
			t.Fatalf("hash of the secret: got %q, want %q, which New gave", got, hash)
		}
	}
}

func TestHashIsSHA256(t *testing.T) {
	t.Parallel()
	const want = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
	if got := token.Hash("abc"); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
