package wire

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
)

// TestRateLimitsWithoutTheirRedis: requests are answered, and counted here.
func TestRateLimitsWithoutTheirRedis(t *testing.T) {
	t.Parallel()
	cfg, env := load(t, "DATA_DIR="+t.TempDir(), "REDIS_URL=redis://127.0.0.1:1/0", "RATE_LIMIT_ADDRESS=3")
	var log bytes.Buffer
	env.Log = slog.New(slog.NewTextHandler(&log, nil))
	app, err := Build(t.Context(), cfg, env)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = app.Close() })
	for i, want := range []int{401, 401, 401, 429} {
		if rec := ask(t, app, "/posts"); rec.Code != want || rec.Header().Get("RateLimit") == "" {
			t.Errorf("request %d: got %d %v, want %d and what is left", i+1, rec.Code, rec.Header(), want)
		}
	}
	if n := strings.Count(log.String(), "rate limits cannot be reached"); n != 1 {
		t.Errorf("got %d warnings in %s, want one", n, log.String())
	}
}
