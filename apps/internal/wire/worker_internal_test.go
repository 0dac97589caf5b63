package wire

import (
	"errors"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/crierhq/crier/apps/internal/config"
	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/domain"
)

func TestWhatAProcessWorksOn(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		env  []string
		want core.WorkerConfig
	}{
		"everything":     {nil, core.WorkerConfig{}},
		"two platforms":  {[]string{"WORKER_PROVIDERS=feed,mastodon"}, core.WorkerConfig{Providers: []domain.ProviderID{"feed", "mastodon"}}},
		"one kind":       {[]string{"WORKER_JOBS=note"}, core.WorkerConfig{Jobs: []string{"note"}}},
		"no platform":    {[]string{"WORKER_PROVIDERS=none", "WORKER_JOBS=note"}, core.WorkerConfig{Only: core.WorkJobs, Jobs: []string{"note"}}},
		"no side job":    {[]string{"WORKER_PROVIDERS=feed", "WORKER_JOBS=none"}, core.WorkerConfig{Only: core.WorkDeliveries, Providers: []domain.ProviderID{"feed"}}},
		"only side jobs": {[]string{"WORKER_PROVIDERS=none"}, core.WorkerConfig{Only: core.WorkJobs}},
	} {
		cfg, _ := load(t, c.env...)
		got := (&App{cfg: cfg}).worker()
		got = core.WorkerConfig{Providers: got.Providers, Jobs: got.Jobs, Only: got.Only}
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got %+v, want %+v", name, got, c.want)
		}
	}
}

func TestPlatformsAndKindsThatDoNotExist(t *testing.T) {
	t.Parallel()
	cfg, env := load(t, "WORKER_PROVIDERS=feed,facepage", "DATA_DIR="+t.TempDir())
	problems, _ := CheckProviders(env.Environ, os.ReadFile, &cfg)
	if len(problems) != 1 || problems[0].Variable != "WORKER_PROVIDERS" || !strings.Contains(problems[0].Message, "facepage") || !strings.Contains(problems[0].Fix, "feed") {
		t.Errorf("got %v, want one that names what is not there and what is", problems)
	}
	cfg, env = load(t, "WORKER_JOBS=tidy", "DATA_DIR="+t.TempDir())
	if _, err := Build(t.Context(), cfg, env); err == nil || !strings.Contains(err.Error(), "WORKER_JOBS") || !strings.Contains(err.Error(), `"tidy"`) {
		t.Errorf("got %v, want WORKER_JOBS and the kind named", err)
	}
}

// TestMoreApps names what is wrong with the second apps of platforms, before
// anything is started.
func TestMoreApps(t *testing.T) {
	t.Parallel()
	ok := []string{"PLATFORM_APPS=x:brand", "X_CLIENT_ID_BRAND=a", "X_CLIENT_SECRET_BRAND=b", "WORKER_PROVIDERS=x-brand", "DATA_DIR=" + t.TempDir()}
	for name, c := range map[string]struct{ env, variable, message string }{
		"fine":            {"", "", ""},
		"no name":         {"PLATFORM_APPS=x", "PLATFORM_APPS", `"x" is not a platform and a name`},
		"twice":           {"PLATFORM_APPS=x:brand,x:brand", "PLATFORM_APPS", `"x:brand" is there twice`},
		"needs none":      {"PLATFORM_APPS=x:brand,feed:brand", "PLATFORM_APPS", "Nobody makes an app at feed"},
		"wrong setting":   {"X_API_URL_BRAND= https://api.x.com", "X_API_URL_BRAND", "a space"},
		"not offered":     {"WORKER_PROVIDERS=x-other", "WORKER_PROVIDERS", `"x-other"`},
		"of the platform": {"PLATFORM_APPS=linkedin:page,x:brand", "PLATFORM_APPS", "linkedin-page, which is a platform already"},
	} {
		cfg, env := load(t, append(slices.Clone(ok), c.env)...)
		problems, warnings := CheckProviders(env.Environ, os.ReadFile, &cfg)
		if c.message == "" {
			if len(problems) > 0 || len(warnings) > 0 {
				t.Errorf("%s: got %v and %v, want nothing wrong", name, problems, warnings)
			}
			continue
		}
		if len(problems) == 0 || problems[0].Variable != c.variable || !strings.Contains(problems[0].Message, c.message) {
			t.Errorf("%s: got %v, want %s with %q", name, problems, c.variable, c.message)
		}
	}
	cfg, env := load(t, append(ok, "X_CLIENT_SECRT_BRAND=b")...)
	if _, warnings := CheckProviders(env.Environ, os.ReadFile, &cfg); len(warnings) != 1 || !strings.Contains(warnings[0], "X_CLIENT_SECRET_BRAND") {
		t.Errorf("got the warnings %v, want the misspelled setting of the second app", warnings)
	}
	for _, s := range (&App{cfg: cfg, env: env}).setups() {
		if s.ID != "x-brand" {
			continue
		}
		if s.Settings[0].Name != "X_CLIENT_ID_BRAND" || s.Settings[0].Value != "a" || !strings.HasSuffix(s.Redirect, "/x-brand") {
			t.Errorf("got %+v, want the settings and the address of the second app", s)
		}
		return
	}
	t.Error("the doctor does not know the second app")
}

func TestSignalsNeedNoServer(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		env         string
		bell, queue bool
	}{
		"SQLite":     {"LOG_LEVEL=info", false, false},
		"PostgreSQL": {"DATABASE_URL=postgres://u:p@127.0.0.1:1/d", true, false},
		"Redis":      {"REDIS_URL=redis://127.0.0.1:1", true, true},
	} {
		cfg, env := load(t, c.env)
		s, err := newSignals(cfg.Storage, env.Log)
		if err := errors.Join(err, s.close()); err != nil || (s.bell != nil) != c.bell || (s.queue != nil) != c.queue {
			t.Errorf("%s: got a bell %t, a queue %t, %v; want %t and %t", name, s.bell != nil, s.queue != nil, err, c.bell, c.queue)
		}
	}
	if _, err := newSignals(config.Storage{RedisURL: "redis://:hunter2@h/x"}, nil); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v, want an error that tells no password", err)
	}
}
