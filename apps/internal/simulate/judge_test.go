package main

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/crierhq/crier/testkit/simulator"
	"github.com/crierhq/crier/testkit/vendorspec"
)

// described are the descriptions that vendors, or others for them, give of
// their APIs: files, or folders of them, in the one that vendorspec.Dir names. They are not part
// of this repository.
var described = []struct {
	file string
	// hosts that it describes, and the path of its server.
	hosts  []string
	prefix string
	// paths are the beginnings of those that are judged; empty: all.
	paths []string
	// known are differences that are meant, by a part of the problem.
	known map[string]string
}{
	{
		file: "mastodon.openapi.json", hosts: []string{simulator.Self, "mastodon.social"},
		paths: []string{"/api/v1/accounts", "/api/v1/apps", "/api/v1/media", "/api/v1/statuses", "/api/v2/"},
	},
	{file: "x.openapi.json", hosts: []string{"api.x.com"}, paths: []string{"/2/tweets", "/2/users", "/2/media"}},
	{file: "bluesky/lexicons", hosts: []string{simulator.Self, "bsky.social", "video.bsky.app", "public.api.bsky.app"}, paths: []string{"/xrpc/"}},
	{file: "discord.openapi.json", hosts: []string{"discord.com"}, prefix: "/api/v10"},
	{file: "google/youtube-api.json", hosts: []string{"www.googleapis.com"}, paths: []string{"/youtube/", "/upload/youtube/"}},
	{file: "google/youtubeanalytics-api.json", hosts: []string{"youtubeanalytics.googleapis.com"}},
	{file: "pinterest.openapi.yaml", hosts: []string{"api.pinterest.com"}, prefix: "/v5"},
	{file: "slack.openapi2.json", hosts: []string{"slack.com"}, prefix: "/api"},
}

// descriptions reads what is there, once.
var descriptions = sync.OnceValue(func() map[string]*vendorspec.Spec {
	out := map[string]*vendorspec.Spec{}
	for _, d := range described {
		if vendorspec.Dir() == "" {
			continue
		}
		var err error
		if out[d.file], err = vendorspec.Read(d.file); err != nil {
			panic(err)
		}
	}
	return out
})

// judged holds every answer of the simulator to its vendor's description, where
// there is one.
func judged(t *testing.T) func(simulator.Exchange) {
	t.Helper()
	if len(descriptions()) == 0 {
		t.Log("NOT JUDGED: there are no descriptions of the vendors; name their folder in CRIER_SPECS")
	}
	said := map[string]bool{}
	return func(e simulator.Exchange) {
		for _, problem := range judgement(e) {
			if same := numbers.ReplaceAllString(problem, "N"); !said[same] { // not for every post again
				said[same] = true
				t.Error(problem)
			}
		}
	}
}

var numbers = regexp.MustCompile(`\d{4,}|\[\d+\]`)

func judgement(e simulator.Exchange) []string {
	var out []string
	var body any
	if json.Unmarshal(e.Body, &body) != nil {
		return nil // no JSON is described as something else, if at all
	}
	for _, d := range described {
		path, under := strings.CutPrefix(e.Path, d.prefix)
		doc := descriptions()[d.file]
		if doc == nil || !under || e.Troubled || !slices.Contains(d.hosts, e.Host) ||
			len(d.paths) > 0 && !slices.ContainsFunc(d.paths, func(p string) bool { return strings.HasPrefix(path, p) }) {
			continue
		}
		for _, problem := range doc.Answer(e.Method, path, e.Status, body) {
			if why := reason(d.known, problem); why == "" {
				out = append(out, d.file+": "+problem)
			}
		}
	}
	return out
}

func reason(known map[string]string, problem string) string {
	for part, why := range known {
		if strings.Contains(problem, part) {
			return why
		}
	}
	return ""
}
