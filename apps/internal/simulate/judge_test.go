package main

import (
	"encoding/json"
	"net/http"
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
	// status is the status that an answer is described under; nil: its own.
	status func(status int, body any) int
	// known are differences that are meant, by a part of the problem.
	known map[string]string
}{
	{
		file: "mastodon.openapi.json", hosts: []string{simulator.Self, "mastodon.social"},
		paths: []string{"/api/v1/accounts", "/api/v1/apps", "/api/v1/media", "/api/v1/statuses", "/api/v2/"},
	},
	{file: "x.openapi.json", hosts: []string{"api.x.com"}, paths: []string{"/2/tweets", "/2/users", "/2/media"}},
	{file: "bluesky/lexicons", hosts: []string{simulator.Self, "bsky.social", "video.bsky.app", "public.api.bsky.app"}, paths: []string{"/xrpc/"}},
	{file: "discord.openapi.json", hosts: []string{"discord.com"}, prefix: "/api/v10", paths: []string{"/channels", "/guilds", "/users", "/webhooks"}},
	{file: "google/youtube-api.json", hosts: []string{"www.googleapis.com"}, paths: []string{"/youtube/", "/upload/youtube/"}},
	{file: "google/youtubeanalytics-api.json", hosts: []string{"youtubeanalytics.googleapis.com"}},
	// Version 4 of the My Business API, which takes the posts, is described nowhere.
	{file: "google/mybusinessaccountmanagement-api.json", hosts: []string{"mybusinessaccountmanagement.googleapis.com"}},
	{file: "google/mybusinessbusinessinformation-api.json", hosts: []string{"mybusinessbusinessinformation.googleapis.com"}},
	{file: "google/businessprofileperformance-api.json", hosts: []string{"businessprofileperformance.googleapis.com"}},
	{file: "telegram.api.json", hosts: []string{"api.telegram.org"}},
	{file: "pinterest.openapi.yaml", hosts: []string{"api.pinterest.com"}, prefix: "/v5"},
	{
		file: "slack.openapi2.json", hosts: []string{"slack.com"}, prefix: "/api",
		status: func(status int, body any) int {
			if m, ok := body.(map[string]any); ok && m["ok"] == false {
				return http.StatusBadRequest // Refusals have a good status, and are described as the default.
			}
			return status
		},
		known: map[string]string{
			"there is no call POST /oauth.v2.access":              "It is described as GET, which put secrets into addresses; https://docs.slack.dev/reference/methods/oauth.v2.access",
			"there is no call POST /files.getUploadURLExternal":   "It is newer than the description.",
			"there is no call POST /files.completeUploadExternal": "It is newer than the description.",
			"answer.error is ": "The description is of 2020, and each method has refusals that are newer.",
		},
	},
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
		status := e.Status
		if d.status != nil {
			status = d.status(status, body)
		}
		for _, problem := range doc.Answer(e.Method, path, status, body) {
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
