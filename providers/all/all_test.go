package all_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/all"
)

type vault struct{}

func (vault) Load(context.Context, string) ([]byte, bool, error) { return nil, false, nil }
func (vault) Save(context.Context, string, []byte) error         { return nil }

func deps(domain.ProviderID) (social.Deps, bool) {
	return social.Deps{
		HTTP: &http.Client{}, Log: slog.New(slog.DiscardHandler), Now: time.Now, NewID: func() string { return "id" }, Vault: vault{},
		Hosting: &social.Hosting{
			BaseURL: "https://crier.example/feed", Documents: struct{ social.Documents }{}, Files: struct{ social.Files }{},
		},
	}, true
}

// enough sets what is required, and everything without a default where one of
// several settings is.
func enough(_ all.App, cfg any) ([]string, error) {
	_, either := cfg.(interface{ Missing() []string })
	for f, v := range reflect.ValueOf(cfg).Elem().Fields() {
		if v.Kind() == reflect.String && (f.Tag.Get("required") == "true" || either && f.Tag.Get("default") == "") {
			v.SetString("https://crier.example")
		}
	}
	return nil, nil
}

func TestBuildMakesEveryProviderUnderItsID(t *testing.T) {
	t.Parallel()
	built, missing, err := all.Build(enough, deps)
	if err != nil || len(missing) > 0 {
		t.Fatalf("got %v missing and %v", missing, err)
	}
	var got []domain.ProviderID
	for _, p := range built {
		got = append(got, p.Descriptor().ID)
	}
	if want := all.IDs(); !slices.Equal(got, want) || !slices.IsSorted(want) || len(want) == 0 {
		t.Errorf("got %v, want %v in order", got, want)
	}
}

func TestRegression14AbsentIsToldFromBroken(t *testing.T) {
	t.Parallel()
	first := all.IDs()[0]
	load := func(_ all.App, cfg any) ([]string, error) {
		if reflect.TypeOf(cfg) == reflect.TypeOf(all.Config(first)) {
			return []string{"FIRST_SECRET"}, nil
		}
		return nil, errors.New("no number")
	}
	built, missing, err := all.Build(load, deps)
	if len(built) != 0 || len(missing) != 1 || missing[0].ID != first || !slices.Equal(missing[0].Settings, []string{"FIRST_SECRET"}) {
		t.Errorf("got %d providers and %+v", len(built), missing)
	}
	for _, id := range all.IDs()[1:] {
		if err == nil || !strings.Contains(err.Error(), "provider "+string(id)+": no number") {
			t.Errorf("got %v, want %s to be named", err, id)
		}
	}
}

func TestOneOfSeveralSettingsMayBeMissing(t *testing.T) {
	t.Parallel()
	_, missing, err := all.Build(func(all.App, any) ([]string, error) { return nil, nil }, func(id domain.ProviderID) (social.Deps, bool) {
		d, _ := deps(id)
		return d, id == "x"
	})
	if err != nil || len(missing) != 1 || !slices.Equal(missing[0].Settings, []string{"X_CLIENT_ID or X_API_KEY"}) {
		t.Errorf("got %+v, %v; want x, which needs one of two", missing, err)
	}
}

func TestBuildLeavesOutWhatTheHostDoesNotOffer(t *testing.T) {
	t.Parallel()
	only := all.IDs()[len(all.IDs())-1]
	built, _, err := all.Build(enough, func(id domain.ProviderID) (social.Deps, bool) {
		d, _ := deps(id)
		return d, id == only
	})
	if err != nil || len(built) != 1 || built[0].Descriptor().ID != only {
		t.Errorf("got %d providers and %v, want %s alone", len(built), err, only)
	}
}

// TestConfigsAreDocumented keeps the tags that the documents are made from.
func TestConfigsAreDocumented(t *testing.T) {
	t.Parallel()
	seen, types := map[string]domain.ProviderID{}, map[reflect.Type]bool{}
	for _, id := range all.IDs() {
		typ := reflect.TypeOf(all.Config(id)).Elem()
		if types[typ] {
			continue // Providers of one API may share their settings.
		}
		types[typ] = true
		for f := range typ.Fields() {
			env, doc := f.Tag.Get("env"), f.Tag.Get("doc")
			if env == "" || doc == "" {
				t.Errorf("%s: Config.%s needs the tags env and doc", id, f.Name)
			}
			if want := strings.ToUpper(strings.ReplaceAll(string(id), "-", "_")) + "_"; !strings.HasPrefix(env, want) {
				t.Errorf("%s: got the variable %s, want one that begins with %s", id, env, want)
			}
			if other, twice := seen[env]; twice {
				t.Errorf("got the variable %s of %s and %s, want it once", env, other, id)
			}
			seen[env] = id
		}
	}
	if all.Config("nobody") != nil {
		t.Error("got a Config of a provider that is not there")
	}
}
