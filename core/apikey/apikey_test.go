package apikey_test

import (
	"context"
	"encoding/base32"
	"errors"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/crierhq/crier/adapters/memstore"
	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/apikey"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/store"
	"github.com/crierhq/crier/testkit/enginetest"
)

// ann registers a person who owns an organization, and returns them as an actor.
func ann(t *testing.T, e *enginetest.Engine) domain.Actor {
	t.Helper()
	s, err := e.Accounts.Register(t.Context(), core.RegisterInput{Email: "ann@example.com", Password: "correct horse"})
	if err != nil {
		t.Fatal(err)
	}
	return s.Actor()
}

func create(t *testing.T, e *enginetest.Engine, a domain.Actor, in core.KeyInput) apikey.Made {
	t.Helper()
	made, err := e.Keys.Create(t.Context(), a, in)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func refused(err error, code string) bool {
	return errors.Is(err, &fault.Error{Kind: fault.Unauthenticated, Code: code})
}

func TestASecretIsRecognizedAndKeptAsAHash(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	made := create(t, e, ann(t, e), core.KeyInput{Name: "Shop", Scope: domain.ScopeRead})
	if !regexp.MustCompile(`^crier_[A-Z2-7]{40}$`).MatchString(made.Secret) || !apikey.Is(made.Secret) || apikey.Is("Bearer "+made.Secret) {
		t.Fatalf("got %q", made.Secret)
	}
	if dump := enginetest.Dump(e.Store); strings.Contains(dump, made.Secret) || strings.Contains(dump, made.Secret[6:]) {
		t.Error("the secret can be read in the store")
	}
	if made.Key.Hint != made.Secret[:10] {
		t.Errorf("got the hint %q of %q", made.Key.Hint, made.Secret)
	}
	// Every single typo is noticed, without asking the store.
	for i := len(apikey.Prefix); i < len(made.Secret); i++ {
		typo := []byte(made.Secret)
		typo[i] = "AB"[map[bool]int{true: 1, false: 0}[typo[i] == 'A']]
		if _, err := e.Keys.Authenticate(t.Context(), string(typo)); !refused(err, "key_malformed") {
			t.Errorf("a typo at %d: got %v", i, err)
		}
	}
	if _, err := base32.StdEncoding.DecodeString(made.Secret[6:]); err != nil {
		t.Error(err)
	}
}

// counting counts what is asked of the keys.
type counting struct {
	store.Store
	asked, written *atomic.Int32
}

func (c counting) APIKeys() store.APIKeys { return countingKeys{c.Store.APIKeys(), c} }

type countingKeys struct {
	store.APIKeys
	c counting
}

func (k countingKeys) ByHash(ctx context.Context, hash string) (domain.APIKey, error) {
	k.c.asked.Add(1)
	return k.APIKeys.ByHash(ctx, hash)
}

func (k countingKeys) Update(ctx context.Context, org domain.OrganizationID, id domain.APIKeyID, change func(*domain.APIKey) error) (domain.APIKey, error) {
	k.c.written.Add(1)
	return k.APIKeys.Update(ctx, org, id, change)
}

func TestWhatIsNoKeyAsksNobodyAndUseIsWrittenOnceAMinute(t *testing.T) {
	t.Parallel()
	c := counting{memstore.New(), new(atomic.Int32), new(atomic.Int32)}
	e := enginetest.New(t, func(cfg *core.Config) { cfg.Store = c })
	a := ann(t, e)
	made := create(t, e, a, core.KeyInput{Name: "Shop", Scope: domain.ScopeRead})
	for _, text := range []string{"", "crier_", made.Secret[:30], made.Secret + "A", strings.Repeat("crier_", 9), made.Secret[:46-1] + "\n"} {
		if _, err := e.Keys.Authenticate(t.Context(), text); !refused(err, "key_malformed") {
			t.Errorf("%q: got %v", text, err)
		}
	}
	if n := c.asked.Load(); n != 0 {
		t.Errorf("the store was asked %d times for what is no key", n)
	}
	used := func(want time.Time, writes int32) {
		t.Helper()
		got, err := e.Keys.Authenticate(t.Context(), made.Secret)
		if err != nil || got.Organization != a.Organization || got.User != a.User || got.Role != domain.RoleViewer || got.Key != made.Key.ID {
			t.Errorf("got %+v, %v", got, err)
		}
		k, err := e.Store.APIKeys().Get(t.Context(), a.Organization, made.Key.ID)
		if err != nil || !k.UsedAt.Equal(want) || c.written.Load() != writes {
			t.Errorf("got %v after %d writes, %v; want %v after %d", k.UsedAt, c.written.Load(), err, want, writes)
		}
	}
	used(enginetest.Start, 1)
	e.Clock.Advance(time.Minute - time.Microsecond)
	used(enginetest.Start, 1)
	// What was remembered a moment before the minute was over is not asked again
	// before it is forgotten.
	e.Clock.Advance(time.Minute)
	used(e.Clock.Now(), 2)
}

func TestAKeyFollowsItsMaker(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	owner := ann(t, e)
	bob := domain.Actor{Organization: owner.Organization, User: "bob", Role: domain.RoleAdmin}
	made := create(t, e, bob, core.KeyInput{Name: "Bob's", Scope: domain.ScopeAdmin})
	if _, err := e.Keys.Authenticate(t.Context(), made.Secret); !refused(err, "key_orphaned") {
		t.Fatalf("a key of somebody who is no member: got %v", err)
	}
	rotated, err := e.Keys.Rotate(t.Context(), owner, made.Key.ID)
	if err != nil || rotated.Key.Maker != owner.User || rotated.Secret == made.Secret {
		t.Fatalf("got %+v, %v; want the key to be Ann's", rotated.Key, err)
	}
	if a, err := e.Keys.Authenticate(t.Context(), rotated.Secret); err != nil || a.User != owner.User || a.Role != domain.RoleAdmin {
		t.Errorf("got %+v, %v; want no more than the scope", a, err)
	}
	if _, err := e.Keys.Authenticate(t.Context(), made.Secret); !refused(err, "key_unknown") {
		t.Errorf("the old secret: got %v", err)
	}
	// The maker's rank of today counts, not that of then.
	if err := e.Store.Members().Insert(t.Context(), domain.Member{Organization: owner.Organization, User: "bob", Role: domain.RoleViewer, CreatedAt: enginetest.Start}); err != nil {
		t.Fatal(err)
	}
	demoted := create(t, e, bob, core.KeyInput{Name: "Bob's", Scope: domain.ScopeWrite})
	if a, err := e.Keys.Authenticate(t.Context(), demoted.Secret); err != nil || a.Role != domain.RoleViewer {
		t.Errorf("got %+v, %v; want what its maker may do now", a, err)
	}
}

func TestAKeyOfAProgram(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	made := create(t, e, e.Owner, core.KeyInput{Name: "Host", Scope: domain.ScopeAdmin})
	if a, err := e.Keys.Authenticate(t.Context(), made.Secret); err != nil || a.User != "" || a.Role != domain.RoleAdmin || a.Operator {
		t.Errorf("got %+v, %v", a, err)
	}
}

func TestNobodyLendsMoreThanTheyHave(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	for name, tc := range map[string]struct {
		a    domain.Actor
		in   core.KeyInput
		want fault.Kind
	}{
		"an admin an admin's":   {enginetest.As(e.Owner, domain.RoleAdmin, "bob"), core.KeyInput{Name: "x", Scope: domain.ScopeAdmin}, ""},
		"a user":                {enginetest.As(e.Owner, domain.RoleUser, "bob"), core.KeyInput{Name: "x", Scope: domain.ScopeRead}, fault.Denied},
		"a key":                 {domain.Actor{Organization: e.Org.ID, Role: domain.RoleAdmin, Key: "k"}, core.KeyInput{Name: "x", Scope: domain.ScopeRead}, fault.Denied},
		"no such scope":         {e.Owner, core.KeyInput{Name: "x", Scope: "all"}, fault.Invalid},
		"no name":               {e.Owner, core.KeyInput{Name: " ", Scope: domain.ScopeRead}, fault.Invalid},
		"a long name":           {e.Owner, core.KeyInput{Name: strings.Repeat("é", 129), Scope: domain.ScopeRead}, fault.Invalid},
		"a name with a NUL":     {e.Owner, core.KeyInput{Name: "a\x00", Scope: domain.ScopeRead}, fault.Invalid},
		"over already":          {e.Owner, core.KeyInput{Name: "x", Scope: domain.ScopeRead, ExpiresAt: enginetest.Start}, fault.Invalid},
		"a channel of nobody's": {e.Owner, core.KeyInput{Name: "x", Scope: domain.ScopeRead, Channels: []domain.ChannelID{"none"}}, fault.Invalid},
	} {
		if _, err := e.Keys.Create(t.Context(), tc.a, tc.in); fault.KindOf(err) != tc.want {
			t.Errorf("%s: got %v, want %q", name, err, tc.want)
		}
	}
}
