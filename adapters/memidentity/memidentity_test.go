package memidentity_test

import (
	"context"
	"errors"
	"testing"

	"github.com/crierhq/crier/adapters/memidentity"
	"github.com/crierhq/crier/ports/identity"
	"github.com/crierhq/crier/testkit/identitytest"
)

// service is a memidentity.Service in the hands of the kit.
type service struct{ *memidentity.Service }

func (s service) Approve(_ context.Context, address string, who identity.Identity) (string, error) {
	return s.Service.Approve(address, who)
}

func (s service) Stop() { s.Break(errors.New("stopped")) }

func TestConformance(t *testing.T) {
	t.Parallel()
	identitytest.Run(t, identitytest.Harness{New: func(t testing.TB) (identity.Provider, identitytest.Service) {
		s, err := memidentity.New(memidentity.Config{})
		if err != nil {
			t.Fatal(err)
		}
		return s, service{s}
	}})
}

func TestNames(t *testing.T) {
	t.Parallel()
	if _, err := memidentity.New(memidentity.Config{ID: "Not an id"}); err == nil {
		t.Error("got no error, want the id refused")
	}
	s, err := memidentity.New(memidentity.Config{ID: "club", Name: "The Club"})
	if want := (identity.Descriptor{ID: "club", Name: "The Club"}); err != nil || s.Descriptor() != want {
		t.Errorf("got %+v, %v; want %+v", s.Descriptor(), err, want)
	}
	if _, err := s.Approve("https://club.example/authorize", identity.Identity{}); err == nil {
		t.Error("an address that Begin did not make is approved")
	}
}
