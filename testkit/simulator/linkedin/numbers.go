package linkedin

import (
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/crierhq/crier/testkit/simulator"
)

var entity = regexp.MustCompile(`^\((?:share|ugc):(.+)\)$`)

func (s *StandIn) memberNumbers(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	if !t.Has("r_member_postAnalytics") {
		fail(w, http.StatusForbidden, 100, "ACCESS_DENIED", "Not enough permissions to access: memberCreatorPostAnalytics")
		return
	}
	q := r.URL.Query()
	named := entity.FindStringSubmatch(q.Get("entity"))
	if named == nil {
		invalid(w, "The entity is invalid")
		return
	}
	p := s.find(named[1])
	if p == nil {
		missing(w)
		return
	}
	simulator.JSON(w, http.StatusOK, object{"elements": []object{{"count": s.m.Count(p, q.Get("queryType"), 300), "metricType": q.Get("queryType")}}})
}

// statistics are those of posts.
func (s *StandIn) statistics(list ...*simulator.Post) object {
	out := map[string]int{}
	for _, p := range list {
		for name, most := range map[string]uint64{
			"impressionCount": 900, "uniqueImpressionsCount": 400, "clickCount": 30, "likeCount": 40, "shareCount": 5,
		} {
			out[name] += s.m.Count(p, name, most)
		}
		out["commentCount"] += len(s.m.Answers(p.Platform, p.ID))
	}
	numbers := object{}
	for name, n := range out {
		numbers[name] = n
	}
	return numbers
}

// days is the beginning of every day in "(timeRange:(start:1,end:2),…)".
func days(intervals string) []time.Time {
	found := regexp.MustCompile(`start:(\d+),end:(\d+)`).FindStringSubmatch(intervals)
	if found == nil {
		return nil
	}
	var out []time.Time
	for at := milli(found[1]); at.Before(milli(found[2])); at = at.Add(day) {
		out = append(out, at)
	}
	return out
}

func milli(s string) time.Time {
	n, err := number(s).Int64()
	if err != nil {
		return time.Time{}
	}
	return time.UnixMilli(n).UTC()
}

func (s *StandIn) pageNumbers(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	q := r.URL.Query()
	a := s.acts(w, t, q.Get("organizationalEntity"))
	if a == nil {
		return
	}
	found := []object{}
	for _, id := range append(elements(q.Get("shares")), elements(q.Get("ugcPosts"))...) {
		if p := s.m.Post(pages, id); p != nil {
			found = append(found, object{"organizationalEntity": urnOf(a), "totalShareStatistics": s.statistics(p)})
		}
	}
	for _, at := range days(q.Get("timeIntervals")) {
		var of []*simulator.Post
		for _, p := range s.m.Posts(pages, a.ID) {
			if p.Parent == "" && !p.At.Before(at) && p.At.Before(at.Add(day)) {
				of = append(of, p)
			}
		}
		found = append(found, object{
			"timeRange":            object{"start": at.UnixMilli(), "end": at.Add(day).UnixMilli()},
			"totalShareStatistics": s.statistics(of...),
		})
	}
	simulator.JSON(w, http.StatusOK, object{"elements": found})
}

func (s *StandIn) visits(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	q := r.URL.Query()
	if s.acts(w, t, q.Get("organization")) == nil {
		return
	}
	found := []object{}
	for _, at := range days(q.Get("timeIntervals")) {
		found = append(found, object{
			"timeRange":           object{"start": at.UnixMilli(), "end": at.Add(day).UnixMilli()},
			"totalPageStatistics": object{"views": object{"allPageViews": object{"pageViews": 10 + at.Day()}}},
		})
	}
	simulator.JSON(w, http.StatusOK, object{"elements": found})
}

func (*StandIn) followers(w http.ResponseWriter, r *http.Request, _ *simulator.Token) {
	if !strings.HasPrefix(r.PathValue("urn"), "urn:li:organization:") {
		missing(w)
		return
	}
	simulator.JSON(w, http.StatusOK, object{"firstDegreeSize": 1234})
}
