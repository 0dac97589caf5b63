package graph

import (
	"encoding/json"
	"time"

	"github.com/crierhq/crier/ports/social"
)

// Insight is a number of an account or a post.
// https://developers.facebook.com/docs/graph-api/reference/insights
type Insight struct {
	Name       string  `json:"name"`
	Values     []Value `json:"values"`
	TotalValue *Value  `json:"total_value"`
}

// Value is a number of one period.
type Value struct {
	// Value is a number, or an object of numbers that are parts of one.
	Value   json.RawMessage `json:"value"`
	EndTime string          `json:"end_time"`
}

// Number is the sum of v; false where there is none.
func (v Value) Number() (int64, bool) {
	var n float64
	if len(v.Value) == 0 || string(v.Value) == "null" {
		return 0, false
	}
	if json.Unmarshal(v.Value, &n) == nil {
		return int64(n), n >= 0
	}
	var parts map[string]float64
	if json.Unmarshal(v.Value, &parts) != nil {
		return 0, false
	}
	for _, p := range parts {
		n += p
	}
	return int64(n), n >= 0
}

// Total is the number of all time: of a post, or of an account now.
func (i Insight) Total() (int64, bool) {
	if i.TotalValue != nil {
		return i.TotalValue.Number()
	}
	if len(i.Values) == 0 {
		return 0, false
	}
	return i.Values[len(i.Values)-1].Number()
}

// Points are the numbers of the days in p. Meta names a day by its end, in the
// morning of the next one.
func (i Insight) Points(p social.Period) []social.Point {
	var out []social.Point
	for _, v := range i.Values {
		end, err := time.Parse("2006-01-02T15:04:05-0700", v.EndTime)
		if err != nil {
			end, err = time.Parse(time.RFC3339, v.EndTime)
		}
		n, ok := v.Number()
		if err != nil || !ok {
			continue
		}
		day := end.UTC().Add(-24 * time.Hour).Truncate(24 * time.Hour)
		if day.Before(p.From) || !day.Before(p.To) || len(out) > 0 && !out[len(out)-1].Day.Before(day) {
			continue
		}
		out = append(out, social.Point{Day: day, Value: n})
	}
	return out
}

// Totals reads the numbers of a post by what names calls them; several names
// may add up to one Metric.
func Totals(list []Insight, names map[string]social.Metric) social.Metrics {
	out := social.Metrics{}
	for _, i := range list {
		if m, known := names[i.Name]; known {
			if n, ok := i.Total(); ok {
				out[m] += n
			}
		}
	}
	return out
}
