package doctor_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/doctor"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/testkit/enginetest"
)

// fixed is the time at which everything happens.
var fixed = enginetest.Start

// engine has one platform, "test", that is set up as change says.
func engine(t *testing.T, change func(*core.PlatformSetup, *core.SetupConfig, *enginetest.Platform)) *enginetest.Engine {
	t.Helper()
	return enginetest.New(t, func(c *core.Config) {
		p := core.PlatformSetup{
			ID: "test", Redirect: "https://crier.example/cb/test",
			Settings: []core.PlatformSetting{{Name: "TEST_ID", Required: true, Value: "1234567890"}, {Name: "TEST_SECRET", Required: true, Secret: true, Value: "s3cr3t-s3cr3t"}},
		}
		c.Setup = core.SetupConfig{PublicURL: "https://crier.example"}
		change(&p, &c.Setup, c.Providers[0].(*enginetest.Platform))
		absent := core.PlatformSetup{ID: "absent", Settings: []core.PlatformSetting{{Name: "ABSENT_ID", Required: true}}}
		c.Setup.Platforms = func() []core.PlatformSetup { return []core.PlatformSetup{p, absent} }
	})
}

func find(t *testing.T, found []core.Finding, check, subject string) core.Finding {
	t.Helper()
	i := slices.IndexFunc(found, func(f core.Finding) bool { return f.Check == check && f.Subject == subject })
	if i < 0 {
		t.Fatalf("got %+v, want something on %s %s", found, check, subject)
	}
	return found[i]
}

func TestSettingsThatWereCopiedWrongly(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		value string
		level doctor.Level
		says  string
	}{
		"absent":           {"", doctor.Error, "not set"},
		"quoted":           {`"s3cr3t-s3cr3t"`, doctor.Error, "quotation marks"},
		"quoted once more": {`'s3cr3t-s3cr3t'`, doctor.Error, "quotation marks"},
		"a blank":          {"s3cr3t-s3cr3t ", doctor.Error, "blank"},
		"a line break":     {"s3cr3t-s3cr3t\n", doctor.Error, "line break"},
		"inside":           {"s3cr3t\u200bs3cr3t", doctor.Error, "cannot be seen"},
		"of an example":    {"<your secret>", doctor.Error, "example"},
		"to be changed":    {"changeme-please", doctor.Error, "example"},
		"cut":              {"s3cr", doctor.Warning, "4 characters"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := engine(t, func(p *core.PlatformSetup, _ *core.SetupConfig, _ *enginetest.Platform) {
				p.Settings[1].Value = tc.value
			})
			found, err := e.Doctor.Platform(t.Context(), e.Owner, "test")
			if err != nil {
				t.Fatal(err)
			}
			f := find(t, found, "settings", "TEST_SECRET")
			if f.Level != tc.level || !strings.Contains(f.Cause, tc.says) || f.Fix == "" || !strings.HasPrefix(f.Link, "https://") {
				t.Errorf("got %+v, want %s and %q", f, tc.level, tc.says)
			}
			if found[0].Level == doctor.OK {
				t.Errorf("got %+v first, want what is wrong", found[0])
			}
			for _, f := range found {
				if tc.value != "" && strings.Contains(f.Cause+f.Fix+f.Subject, tc.value) {
					t.Errorf("the secret is told: %+v", f)
				}
			}
		})
	}
}

func TestAllIsWell(t *testing.T) {
	t.Parallel()
	e := engine(t, func(*core.PlatformSetup, *core.SetupConfig, *enginetest.Platform) {})
	if _, err := e.Channels.ConnectForm(t.Context(), e.Owner, "test", map[string]string{"account": "ann", "password": "x"}); err != nil {
		t.Fatal(err)
	}
	found, err := e.Doctor.Platform(t.Context(), e.Owner, "test")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found {
		if f.Level != doctor.OK {
			t.Errorf("got %+v, want nothing wrong", f)
		}
	}
	find(t, found, "settings", "")
	find(t, found, "redirect", "https://crier.example/cb/test")
	find(t, found, "token", "Name of ann")
}

func TestPlatformsThatNobodySetUp(t *testing.T) {
	t.Parallel()
	e := engine(t, func(*core.PlatformSetup, *core.SetupConfig, *enginetest.Platform) {})
	found, err := e.Doctor.Platform(t.Context(), e.Owner, "absent")
	if err != nil {
		t.Fatal(err)
	}
	find(t, found, "settings", "ABSENT_ID")
	find(t, found, doctor.CheckSetUp, "")
	if _, err := e.Doctor.Platform(t.Context(), e.Owner, "nowhere"); fault.KindOf(err) != fault.NotFound {
		t.Errorf("got %v for a platform that there is not", err)
	}
	if got := e.Doctor.All(); !slices.Equal(got, []domain.ProviderID{"absent", "test"}) {
		t.Errorf("got the platforms %v", got)
	}
	viewer := enginetest.As(e.Owner, domain.RoleViewer, "vic")
	if _, err := e.Doctor.Platform(t.Context(), viewer, "test"); fault.KindOf(err) != fault.Denied {
		t.Errorf("got %v for a viewer", err)
	}
}

func TestAddressesToComeBackTo(t *testing.T) {
	t.Parallel()
	for address, level := range map[string]doctor.Level{
		"http://crier.example/cb": doctor.Error, "http://localhost:3000/cb": doctor.Warning, "https://crier.example/cb": doctor.OK, "::": doctor.Error,
	} {
		t.Run(address, func(t *testing.T) {
			t.Parallel()
			e := engine(t, func(p *core.PlatformSetup, _ *core.SetupConfig, _ *enginetest.Platform) { p.Redirect = address })
			found, err := e.Doctor.Installation(t.Context(), "test")
			if err != nil {
				t.Fatal(err)
			}
			if f := find(t, found, "redirect", address); f.Level != level {
				t.Errorf("got %+v, want %s", f, level)
			}
		})
	}
}

// roundTrip is a transport.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestHostsAndTheClock(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		date time.Time
		err  error
		want map[string]doctor.Level
		says string
	}{
		"well":     {fixed, nil, map[string]doctor.Level{"reach": doctor.OK, "clock": doctor.OK}, "right"},
		"late":     {fixed.Add(5 * time.Minute), nil, map[string]doctor.Level{"reach": doctor.OK, "clock": doctor.Error}, "5m0s"},
		"no name":  {fixed, &net.DNSError{Err: "no such host"}, map[string]doctor.Level{"reach": doctor.Error}, "name server"},
		"too slow": {fixed, context.DeadlineExceeded, map[string]doctor.Level{"reach": doctor.Error}, "10 seconds"},
		"refused":  {fixed, errors.New("connection refused"), map[string]doctor.Level{"reach": doctor.Error}, "connection refused"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Date", tc.date.Format(http.TimeFormat))
				w.WriteHeader(http.StatusNotFound)
			}))
			t.Cleanup(srv.Close)
			e := engine(t, func(p *core.PlatformSetup, c *core.SetupConfig, _ *enginetest.Platform) {
				p.Hosts = []string{srv.URL}
				c.HTTP = srv.Client()
				if tc.err != nil {
					c.HTTP = &http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) { return nil, tc.err })}
				}
			})
			found, err := e.Doctor.Installation(t.Context(), "test")
			if err != nil {
				t.Fatal(err)
			}
			said := ""
			for check, level := range tc.want {
				subject := map[string]string{"reach": srv.URL}[check]
				f := find(t, found, check, subject)
				said += f.Cause
				if f.Level != level {
					t.Errorf("got %+v, want %s", f, level)
				}
			}
			if !strings.Contains(said, tc.says) {
				t.Errorf("got %q, want %q in it", said, tc.says)
			}
		})
	}
}

func TestPlatformsThatFetchFilesMustReachUs(t *testing.T) {
	t.Parallel()
	for address, level := range map[string]doctor.Level{
		"http://localhost:3000": doctor.Error, "https://192.168.1.4": doctor.Error, "https://crier.internal": doctor.Error,
		"http://crier.example": doctor.Warning, "https://crier.example": doctor.OK, "https://down.example": doctor.Warning,
	} {
		t.Run(address, func(t *testing.T) {
			t.Parallel()
			e := engine(t, func(_ *core.PlatformSetup, c *core.SetupConfig, p *enginetest.Platform) {
				p.Facts.Limits.Media.Pulls = []domain.MediaKind{domain.MediaImage}
				c.PublicURL = address
				c.HTTP = &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
					if r.URL.Host == "down.example" {
						return nil, errors.New("connection refused")
					}
					return httptest.NewRecorder().Result(), nil
				})}
			})
			found, err := e.Doctor.Installation(t.Context(), "test")
			if err != nil {
				t.Fatal(err)
			}
			if f := find(t, found, "media", address); f.Level != level {
				t.Errorf("got %+v, want %s", f, level)
			}
		})
	}
}

func TestSignInsOfChannels(t *testing.T) {
	t.Parallel()
	connect := func(t *testing.T, cred social.Credential) (*enginetest.Engine, domain.Channel) {
		t.Helper()
		e := engine(t, func(_ *core.PlatformSetup, _ *core.SetupConfig, p *enginetest.Platform) {
			p.Facts.Scopes = []string{"read", "write"}
			p.OnConnect = func(context.Context, social.Values) (social.Connection, error) {
				c := enginetest.ConnectionOf("ann")
				c.Credential = cred
				return c, nil
			}
		})
		ch, err := e.Channels.ConnectForm(t.Context(), e.Owner, "test", map[string]string{"account": "ann", "password": "x"})
		if err != nil {
			t.Fatal(err)
		}
		return e, ch
	}
	t.Run("not all was allowed", func(t *testing.T) {
		t.Parallel()
		e, ch := connect(t, social.Credential{Access: "a-token", Extra: map[string]string{social.ExtraScope: "read"}})
		found, err := e.Doctor.Platform(t.Context(), e.Owner, "test")
		if err != nil {
			t.Fatal(err)
		}
		if f := find(t, found, "scopes", ch.Name); f.Level != doctor.Warning || !strings.Contains(f.Cause, "write") {
			t.Errorf("got %+v, want the missing scope", f)
		}
	})
	t.Run("ended", func(t *testing.T) {
		t.Parallel()
		e, ch := connect(t, social.Credential{Access: "a-token"})
		_, err := e.Store.Channels().Update(t.Context(), ch.Organization, ch.ID, func(c *domain.Channel) error {
			c.State, c.StateReason = domain.ChannelReconnect, "The platform ended it."
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		found, err := e.Doctor.Platform(t.Context(), e.Owner, "test")
		if err != nil {
			t.Fatal(err)
		}
		if f := find(t, found, "token", ch.Name); f.Level != doctor.Error || f.Cause != "The platform ended it." || f.Fix == "" {
			t.Errorf("got %+v", f)
		}
		stranger := e.Owner
		stranger.Organization = "another"
		found, err = e.Doctor.Platform(t.Context(), stranger, "test")
		if err != nil || slices.ContainsFunc(found, func(f core.Finding) bool { return f.Check == "token" }) {
			t.Errorf("got %+v, %v; want nothing on channels of others", found, err)
		}
	})
}
