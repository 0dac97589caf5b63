package httpapi_test

import (
	"cmp"
	"encoding/json"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/crierhq/crier/adapters/httpapi"
)

// TestThePageOnThePublicAPIWorks runs every command of the page, in order,
// against a server, as a reader would.
func TestThePageOnThePublicAPIWorks(t *testing.T) {
	t.Parallel()
	sh, err := exec.LookPath("sh")
	if _, err2 := exec.LookPath("curl"); cmp.Or(err, err2) != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("sh and curl are needed to try the commands of docs/public-api.md")
		}
		t.Skip("NOT TRIED: the commands of docs/public-api.md need sh and curl")
	}
	page, err := os.ReadFile("../../docs/public-api.md")
	must(t, err)
	commands := regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(string(page), -1)

	w := newWorld(t)
	server := httptest.NewServer(w.handler)
	t.Cleanup(server.Close)
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "bread.png"), []byte(png), 0o600))
	env := map[string]string{"CRIER": server.URL, "ACCESS_TOKEN": w.register("ann@example.org")}
	env["INTEGRATION"] = w.connect(env["ACCESS_TOKEN"], "ann")
	w.ok(200, env["ACCESS_TOKEN"], "PUT", "/integrations/"+env["INTEGRATION"]+"/slots", map[string]any{"slots": []any{map[string]any{"weekday": "friday", "time": "09:00"}}})
	env["OUT"] = w.posted(env["ACCESS_TOKEN"], env["INTEGRATION"], "hello")
	env["FAILED"] = w.posted(env["ACCESS_TOKEN"], env["INTEGRATION"], "refuse")

	for i, c := range commands {
		cmd := exec.CommandContext(t.Context(), sh, "-e", "-c", "curl() { command curl --noproxy '*' -w '\\n%{http_code}' \"$@\"; }\n"+c[1])
		cmd.Dir, cmd.Env = dir, []string{"PATH=" + os.Getenv("PATH")}
		for name, value := range env {
			cmd.Env = append(cmd.Env, name+"="+value)
		}
		out, err := cmd.CombinedOutput()
		text := string(out)
		end := strings.LastIndex(text, "\n") + 1
		body, status := text[:end], text[end:]
		if err != nil || !strings.HasPrefix(status, "2") {
			t.Fatalf("command %d: %s\ngot %s and %v", i+1, c[1], out, err)
		}
		var v struct {
			ID, Key string
			Valid   *bool
			Data    []any
		}
		_ = json.Unmarshal([]byte(body), &v) // nothing, where there is no body
		switch {
		case v.Key != "":
			env["CRIER_KEY"] = v.Key
		case strings.Contains(c[1], "/integrations/post"):
			env["POST"] = v.ID
		case v.Valid != nil && !*v.Valid, strings.Contains(body, `"data"`) && len(v.Data) == 0:
			t.Errorf("command %d: %s\ngot %s, want it to show something", i+1, c[1], body)
		}
	}
	if len(commands) < 10 {
		t.Errorf("found %d commands, want all of them", len(commands))
	}
	for path := range httpapi.OpenAPI("x", "1").Paths {
		shown := strings.NewReplacer("{id}/posts", "$INTEGRATION/posts", "{id}/slots", "$INTEGRATION/slots", "{id}/analytics", "$INTEGRATION/analytics", "{id}/retry", "$FAILED/retry", "{id}/statistics", "$OUT/statistics", "{id}", "$POST").Replace(path)
		if strings.HasPrefix(path, "/api/v1/public/") && !strings.Contains(string(page), "$CRIER"+shown) {
			t.Errorf("the page does not show %s", path)
		}
	}
}

// posted makes a post that is tried at once, and returns its id.
func (w *world) posted(token, integration, text string) string {
	w.t.Helper()
	id := w.ok(201, token, "POST", "/posts", map[string]any{"content": text, "type": "now", "integrations": []string{integration}}).text("id")
	for range 30 {
		_, _, err := w.eng.Tick(w.t.Context())
		must(w.t, err)
		w.clock.Add(time.Second)
	}
	return id
}

func TestPagesOfOneIntegration(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for range 3 {
		f.ok(201, f.ann, "POST", "/posts", map[string]any{"content": "x", "integrations": []string{f.channel}})
	}
	path := "/api/v1/public/integrations/" + f.channel + "/posts?limit=2"
	first := f.ok(200, f.ann, "GET", path, nil)
	link := first.header.Get("Link")
	address, ok := strings.CutPrefix(strings.TrimSuffix(link, `>; rel="next"`), "<"+publicURL)
	if !ok || !strings.HasPrefix(address, strings.TrimSuffix(path, "?limit=2")+"?") {
		t.Fatalf("got the link %q, want one to the next page of %s", link, path)
	}
	if next := f.ok(200, f.ann, "GET", address, nil); next.json("data.0") == nil || next.json("data.1") != nil || next.text("data.0.id") == first.text("data.0.id") {
		t.Errorf("got %s, want the third post", next.body)
	}
}
