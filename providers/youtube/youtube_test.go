package youtube_test

import (
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/youtube"
	"github.com/crierhq/crier/testkit/providertest"
)

// asks is why an upload sends a request more than its case has.
const asks = "After a part that broke off the protocol has the client ask what is there, and go on from that."

func TestConformance(t *testing.T) {
	t.Parallel()
	providertest.Run(t, providertest.Harness{
		New: func(d social.Deps) (social.Provider, error) {
			return youtube.New(youtube.Config{ClientID: "id", ClientSecret: "secret"}, d)
		},
		Cases:  os.DirFS("testdata/cases"),
		Golden: "testdata/settings.schema.json",
		Waive: map[string]string{
			"failures/prepare_chunks": asks, "failures/prepare_part_lost": asks, "failures/prepare_other_host": asks,
		},
	})
}

func TestNewReportsEveryProblemAtOnce(t *testing.T) {
	t.Parallel()
	_, err := youtube.New(youtube.Config{APIURL: "x y"}, social.Deps{})
	if err == nil {
		t.Fatal("got no error, want one")
	}
	for _, want := range []string{"Deps.HTTP", "Deps.Now", "Deps.NewID", "YOUTUBE_CLIENT_ID, YOUTUBE_CLIENT_SECRET", `"x y"`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got %q, want %s in it", err, want)
		}
	}
}

// refuses answers every request with an error of YouTube.
type refuses string

func (reason refuses) RoundTrip(r *http.Request) (*http.Response, error) {
	body := `{"error":{"code":403,"errors":[{"reason":"` + string(reason) + `"}]}}`
	return &http.Response{StatusCode: http.StatusForbidden, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

func TestQuotaBeginsAnewAtMidnightInCalifornia(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		now  string
		want time.Duration
	}{
		"in winter":                   {"2026-01-02T07:59:00Z", time.Minute},
		"in summer":                   {"2026-07-02T06:59:00Z", time.Minute},
		"just after midnight":         {"2026-07-02T07:00:00Z", 24 * time.Hour},
		"on the day that is one less": {"2026-03-08T08:00:00Z", 23 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			now, err := time.Parse(time.RFC3339, c.now)
			if err != nil {
				t.Fatal(err)
			}
			p, err := youtube.New(youtube.Config{ClientID: "id", ClientSecret: "secret"}, social.Deps{
				HTTP: &http.Client{Transport: refuses("quotaExceeded")},
				Now:  func() time.Time { return now }, NewID: func() string { return "id-1" },
			})
			if err != nil {
				t.Fatal(err)
			}
			_, err = p.Metrics(t.Context(), social.Target{Account: "UCabc"}, social.Ref{ID: "v"})
			if got := social.AsError(err); got.Code != social.CodeQuota || got.Scope != social.ScopeApp || got.RetryAfter != c.want {
				t.Errorf("got %s of %q and %s, want %s of the app and %s", got.Code, got.Scope, got.RetryAfter, social.CodeQuota, c.want)
			}
		})
	}
}
