package wire

import (
	"errors"
	"os"
	"reflect"
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
