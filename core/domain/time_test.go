package domain_test

import (
	"archive/zip"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
)

// zones loads every zone that Go ships, each once.
func zones(t *testing.T) []*time.Location {
	t.Helper()
	root, err := exec.CommandContext(t.Context(), "go", "env", "GOROOT").Output()
	if err != nil {
		t.Skipf("the go command is not here to say where its zones are: %v", err)
	}
	z, err := zip.OpenReader(filepath.Join(strings.TrimSpace(string(root)), "lib", "time", "zoneinfo.zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = z.Close() }()
	var out []*time.Location
	names, seen := 0, map[string]bool{}
	for _, f := range z.File {
		if strings.HasSuffix(f.Name, "/") {
			continue
		}
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		_ = r.Close()
		if err != nil {
			t.Fatal(err)
		}
		names++
		if seen[string(data)] { // another name of a zone that is there already
			continue
		}
		seen[string(data)] = true
		loc, err := time.LoadLocationFromTZData(f.Name, data)
		if err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
		out = append(out, loc)
	}
	if names < 500 || len(out) < 250 {
		t.Fatalf("got %d names of %d zones, want all of them", names, len(out))
	}
	return out
}

// shift is one change of a zone's clocks.
type shift struct {
	at            time.Time
	before, after time.Duration
}

func offsetAt(t time.Time, loc *time.Location) time.Duration {
	_, sec := t.In(loc).Zone()
	return time.Duration(sec) * time.Second
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// shifts lists how the clocks of loc change from 1990 to 2037.
func shifts(loc *time.Location) []shift {
	var out []shift
	t := time.Date(1989, 12, 1, 0, 0, 0, 0, time.UTC)
	last := time.Date(2038, 2, 1, 0, 0, 0, 0, time.UTC)
	for t.Before(last) {
		_, end := t.In(loc).ZoneBounds()
		if end.IsZero() {
			break
		}
		if b, a := offsetAt(end.Add(-time.Second), loc), offsetAt(end, loc); a != b {
			out = append(out, shift{end.UTC(), b, a})
		}
		// Go's bounds end at themselves on the last day of some leap years.
		t = latest(end, t.Add(48*time.Hour))
	}
	return out
}

// instantOf is FromWall by the book: of all instants that show wall, the first,
// and inside a gap what the clock before it would have said.
func instantOf(wall time.Time, loc *time.Location, all []shift) time.Time {
	offsets := map[time.Duration]bool{offsetAt(wall, loc): true}
	for _, s := range all {
		if d := s.at.Sub(wall); d > -72*time.Hour && d < 72*time.Hour {
			offsets[s.before], offsets[s.after] = true, true
		}
	}
	var first time.Time
	for off := range offsets {
		t := wall.Add(-off)
		if offsetAt(t, loc) == off && (first.IsZero() || t.Before(first)) {
			first = t
		}
	}
	if !first.IsZero() {
		return first
	}
	for _, s := range all {
		if !wall.Before(s.at.Add(s.before)) && wall.Before(s.at.Add(s.after)) {
			return wall.Add(-s.before)
		}
	}
	return time.Time{}
}

// around are moments near a change of clocks, as its distance.
func around(s shift) []time.Duration {
	jump := s.after - s.before
	out := []time.Duration{
		-49 * time.Hour, -25 * time.Hour, -24 * time.Hour, -13 * time.Hour, -time.Hour, -time.Second, 0, time.Second,
		30 * time.Minute, time.Hour, 13 * time.Hour, 24 * time.Hour, 25 * time.Hour, 49 * time.Hour,
	}
	return append(out, jump-time.Second, jump, jump+time.Second, jump/2, -jump, -jump/2)
}

func TestLocalTimesInEveryZone(t *testing.T) {
	t.Parallel()
	work := make(chan *time.Location)
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for loc := range work {
				checkZone(t, loc)
			}
		})
	}
	for _, loc := range zones(t) {
		work <- loc
	}
	close(work)
	wg.Wait()
}

func checkZone(t *testing.T, loc *time.Location) {
	all := shifts(loc)
	for i, s := range all {
		if s.at.Year() < 1990 || s.at.Year() > 2037 {
			continue
		}
		near := all[max(0, i-3):min(len(all), i+4)]
		for _, base := range []time.Time{s.at.Add(s.before), s.at.Add(s.after)} {
			for _, d := range around(s) {
				checkWall(t, base.Add(d), loc, near)
			}
		}
		if jump := s.after - s.before; jump > 0 { // the gap moves forward by itself
			skipped := s.at.Add(s.before + jump/2)
			got := domain.FromWall(skipped, loc)
			if shown := got.Add(offsetAt(got, loc)); !shown.Equal(skipped.Add(jump)) {
				t.Errorf("%s: %v is skipped; got %v on the clock, want %v", loc, skipped, shown, skipped.Add(jump))
			}
		}
	}
	for year := 1990; year <= 2037; year++ {
		checkWall(t, time.Date(year, time.Month(1+year%12), 15, 9, 30, 0, 0, time.UTC), loc, all)
	}
}

func checkWall(t *testing.T, wall time.Time, loc *time.Location, all []shift) {
	want := instantOf(wall, loc, all)
	got := domain.FromWall(wall, loc)
	if !got.Equal(want) || got.Location() != time.UTC {
		t.Errorf("%s: the clocks show %s: got %v, want %v", loc, wall.Format(time.DateTime), got, want)
	}
}

func TestTheZoneOfAWallTimeDoesNotMatter(t *testing.T) {
	t.Parallel()
	loc := time.FixedZone("there", -5*3600)
	want := time.Date(2026, 7, 1, 14, 0, 0, 0, time.UTC)
	for _, in := range []*time.Location{time.UTC, loc, time.FixedZone("far", 14*3600)} {
		if got := domain.FromWall(time.Date(2026, 7, 1, 9, 0, 0, 0, in), loc); !got.Equal(want) {
			t.Errorf("written in %s: got %v, want %v", in, got, want)
		}
	}
}

func berlin(t *testing.T) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

func TestParseTime(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ in, want string }{
		"offset":                   {"2026-07-01T09:00:00+02:00", "2026-07-01T07:00:00Z"},
		"offset of another zone":   {"2026-07-01T09:00:00-07:00", "2026-07-01T16:00:00Z"},
		"UTC":                      {"2026-07-01T09:00:00Z", "2026-07-01T09:00:00Z"},
		"fraction":                 {"2026-07-01T09:00:00.123456789Z", "2026-07-01T09:00:00.123456Z"},
		"local summer":             {"2026-07-01T09:00:00", "2026-07-01T07:00:00Z"},
		"local winter":             {"2026-01-01T09:00:00", "2026-01-01T08:00:00Z"},
		"local without seconds":    {"2026-01-01T09:00", "2026-01-01T08:00:00Z"},
		"local with a space":       {"2026-01-01 09:00:00", "2026-01-01T08:00:00Z"},
		"local short with a space": {"2026-01-01 09:00", "2026-01-01T08:00:00Z"},
		"skipped hour":             {"2026-03-29T02:30:00", "2026-03-29T01:30:00Z"},
		"doubled hour":             {"2026-10-25T02:30:00", "2026-10-25T00:30:00Z"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := domain.ParseTime(tc.in, berlin(t))
			if err != nil || got.Format(time.RFC3339Nano) != tc.want || got.Location() != time.UTC {
				t.Errorf("got %v, %v; want %s", got, err, tc.want)
			}
		})
	}
	for _, in := range []string{"", "tomorrow", "2026-13-01T09:00:00", "2026-02-30T09:00:00Z", "2026-01-01", "09:00", "1767225600", "2026-01-01T09:00:00 Europe/Berlin"} {
		if got, err := domain.ParseTime(in, time.UTC); fault.KindOf(err) != fault.Invalid || !got.IsZero() {
			t.Errorf("%q: got %v, %v; want an invalid fault", in, got, err)
		}
	}
}

// TestTimesDoNotDependOnTheMachine runs itself where the machine's zone is
// another one: what is written must not change with it.
func TestTimesDoNotDependOnTheMachine(t *testing.T) {
	t.Parallel()
	if os.Getenv("CRIER_TEST_CHILD") != "" {
		for _, in := range []string{"2026-03-29T02:30:00", "2026-10-25T02:30", "2026-07-01T09:00:00+02:00", "2026-01-01 09:00"} {
			got, err := domain.ParseTime(in, berlin(t))
			fmt.Printf("said %s = %v %v\n", in, got, err)
		}
		return
	}
	said := map[string]string{}
	for _, zone := range []string{"UTC", "America/New_York", "Pacific/Apia", "Europe/Berlin"} {
		c := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestTimesDoNotDependOnTheMachine$", "-test.count=1")
		c.Env = append(os.Environ(), "CRIER_TEST_CHILD=1", "TZ="+zone)
		out, err := c.Output()
		if err != nil {
			t.Fatalf("%s: %v\n%s", zone, err, out)
		}
		var lines []string
		for l := range strings.Lines(string(out)) {
			if strings.HasPrefix(l, "said ") {
				lines = append(lines, l)
			}
		}
		said[zone] = strings.Join(lines, "")
		if len(lines) != 4 || said[zone] != said["UTC"] {
			t.Errorf("with TZ=%s:\n%swant\n%s", zone, said[zone], said["UTC"])
		}
	}
}

func TestInstant(t *testing.T) {
	t.Parallel()
	in := time.Date(2026, 7, 1, 9, 0, 0, 123456789, time.FixedZone("x", 7200))
	got := domain.Instant(in)
	if want := time.Date(2026, 7, 1, 7, 0, 0, 123456000, time.UTC); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := domain.Instant(got); got != domain.Instant(in) {
		t.Error("an instant of an instant is another one")
	}
	if got := domain.Instant(time.Time{}.In(time.FixedZone("x", 7200))); got != (time.Time{}) {
		t.Errorf("got %v, want the zero time", got)
	}
	if got := domain.Instant(time.Now()); got.String() != got.Round(0).String() {
		t.Errorf("got %v, which still has a monotonic clock", got)
	}
}
