package aesseal_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/crierhq/crier/adapters/aesseal"
	"github.com/crierhq/crier/ports/seal"
	"github.com/crierhq/crier/testkit/sealtest"
)

func key(id string) aesseal.Key {
	return aesseal.Key{ID: id, Secret: []byte("a secret of key " + id + strings.Repeat(".", aesseal.MinSecret))}
}

func sealer(t *testing.T, ids ...string) *aesseal.Sealer {
	t.Helper()
	var cfg aesseal.Config
	for _, id := range ids {
		cfg.Keys = append(cfg.Keys, key(id))
	}
	s, err := aesseal.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestConformance(t *testing.T) {
	t.Parallel()
	sealtest.Run(t, sealtest.Harness{
		New: func() (seal.Sealer, error) { return sealer(t, "2026"), nil },
		Rotate: func() (before, both, after seal.Sealer, err error) {
			return sealer(t, "old"), sealer(t, "new", "old"), sealer(t, "new"), nil
		},
	})
}

func TestFormat(t *testing.T) {
	t.Parallel()
	sealed, err := sealer(t, "k-1").Seal(t.Context(), []byte("secret"), "b")
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(sealed, ".")
	if len(parts) != 3 || parts[0] != "v1" || parts[1] != "k-1" {
		t.Errorf("got %q, want v1.k-1.…", sealed)
	}
}

// TestOpensWhatOlderVersionsSealed pins the format: what is stored must stay
// readable.
func TestOpensWhatOlderVersionsSealed(t *testing.T) {
	t.Parallel()
	const stored = "v1.k-1.3dBbcTqlXvnWQ5ulddP21CQ2-kE_Ym-jXwMH86mgFejpEFxfehY7NTxJNQ"
	got, err := sealer(t, "k-1").Open(t.Context(), stored, "channel/c1")
	if err != nil || string(got) != "an older secret" {
		t.Errorf("got %q, %v, want the older secret", got, err)
	}
}

func TestTheKeyIDIsBound(t *testing.T) {
	t.Parallel()
	one := aesseal.Key{ID: "one", Secret: key("x").Secret}
	two := aesseal.Key{ID: "two", Secret: key("x").Secret}
	s, err := aesseal.New(aesseal.Config{Keys: []aesseal.Key{one, two}})
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := s.Seal(t.Context(), []byte("secret"), "b")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := s.Open(t.Context(), strings.Replace(sealed, ".one.", ".two.", 1), "b"); err == nil {
		t.Errorf("a text under the id of another key was opened as %q", got)
	}
}

func TestNewReportsAllProblemsAtOnce(t *testing.T) {
	t.Parallel()
	_, err := aesseal.New(aesseal.Config{Keys: []aesseal.Key{
		{ID: "Not Valid", Secret: []byte("short-canary")}, key("twice"), key("twice"), {ID: "ok", Secret: nil},
	}})
	if err == nil {
		t.Fatal("got no error")
	}
	for _, want := range []string{"id of key 1", "secret of key 1 has 12 bytes", `"twice" of key 3`, "secret of key 4 has 0 bytes"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q: %v", want, err)
		}
	}
	if strings.Contains(err.Error(), "canary") {
		t.Errorf("the error quotes a secret: %v", err)
	}
	if _, err := aesseal.New(aesseal.Config{}); err == nil {
		t.Error("no key at all: got no error")
	}
}

func TestKeysNeverPrint(t *testing.T) {
	t.Parallel()
	k := aesseal.Key{ID: "id", Secret: []byte("s3cret")}
	var b bytes.Buffer
	slog.New(slog.NewJSONHandler(&b, nil)).Info("x", "key", k)
	for _, v := range []any{k, &k, aesseal.Config{Keys: []aesseal.Key{k}}} {
		fmt.Fprintf(&b, "%v %+v %#v %s\n", v, v, v, v)
	}
	for _, secret := range []string{"s3cret", "[115 51 99", "0x73"} {
		if strings.Contains(b.String(), secret) {
			t.Errorf("a secret was printed:\n%s", b.String())
		}
	}
}
