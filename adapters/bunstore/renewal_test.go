package bunstore_test

import (
	"context"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/ports/store"
	"github.com/crierhq/crier/testkit/enginetest"
)

func TestRegression10TwoEnginesOnOneDatabaseRefreshOnce(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(t *testing.T) store.Store{
		"sqlite":   func(t *testing.T) store.Store { return openSQLite(t, filepath.Join(t.TempDir(), "crier.db")) },
		"postgres": func(t *testing.T) store.Store { return openPostgres(t, schema(t)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			one := enginetest.New(t, enginetest.WithStore(open(t)))
			two := one.On(one.Store)
			ch := one.Connect(one.Owner, "a")
			asked := make(chan struct{}, 100)
			one.Platform.OnRefresh = func(context.Context, social.Target) (social.Credential, error) {
				asked <- struct{}{}
				<-time.After(300 * time.Millisecond) // the others come while the call is under way
				return social.Credential{Access: "new"}, nil
			}
			var wg sync.WaitGroup
			for i := range 8 {
				creds := one.Channels.Credentials()
				if i%2 == 1 {
					creds = two.Channels.Credentials()
				}
				wg.Go(func() {
					got, err := creds.Renew(t.Context(), ch)
					if err != nil || got.Access != "new" || got.Refresh != "refresh-token-of-a" {
						t.Errorf("got %q, %v; want the one new token", got.Access, err)
					}
				})
			}
			wg.Wait()
			if len(asked) != 1 {
				t.Errorf("got %d calls, want 1", len(asked))
			}
		})
	}
}
