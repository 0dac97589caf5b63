package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

func TestReconcileKeepsWhatIsThere(t *testing.T) {
	t.Parallel()
	posts := []booked{{number: 0, id: "a"}, {number: 1, lost: true}, {number: 2, lost: true}}
	kept, findings := reconcile(posts, map[int][]string{0: {"a"}, 2: {"c"}})
	if len(findings) > 0 {
		t.Errorf("got %q, want nothing to find", findings)
	}
	if want := []booked{{number: 0, id: "a"}, {number: 2, id: "c", lost: true}}; !slices.Equal(kept, want) {
		t.Errorf("got %v, want %v", kept, want)
	}
}

func TestReconcileFinds(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		there map[int][]string
		want  string
	}{
		"a double":           {map[int][]string{0: {"a", "x"}}, "DOUBLE: post #0 was booked once and is there 2 times"},
		"an unsure double":   {map[int][]string{0: {"a"}, 1: {"x", "y"}}, "DOUBLE: post #1"},
		"a loss":             {map[int][]string{}, "LOST: post #0 (a) was booked and is not there"},
		"another post":       {map[int][]string{0: {"x"}}, "was booked as a and is there as x"},
		"what nobody booked": {map[int][]string{0: {"a"}, 9: {"x"}}, "nobody booked what is there as [x]"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, findings := reconcile([]booked{{number: 0, id: "a"}, {number: 1, lost: true}}, tc.there)
			if got := strings.Join(findings, "\n"); !strings.Contains(got, tc.want) {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestBookingWithoutAnswerIsNotRepeated(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		answer func(w http.ResponseWriter)
		lost   bool
	}{
		"booked":    {func(w http.ResponseWriter) { write(w, map[string]string{"id": "a"}) }, false},
		"no answer": {reset, true},
		"a failure": {func(w http.ResponseWriter) { w.WriteHeader(http.StatusServiceUnavailable) }, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			asked := 0
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				asked++
				tc.answer(w)
			}))
			id, lost, err := newClient(srv.URL).schedule(t.Context(), "channel", "text", noon)
			srv.Close() // waits for the calls
			if err != nil || lost != tc.lost || (id == "a") == lost || asked != 1 {
				t.Errorf("got id %q, lost %t, error %v after %d calls, want lost %t after one", id, lost, err, asked, tc.lost)
			}
		})
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadRequest) }))
	t.Cleanup(srv.Close)
	if _, lost, err := newClient(srv.URL).schedule(t.Context(), "channel", "text", noon); lost || err == nil {
		t.Errorf("refused: got lost %t and error %v, want the error", lost, err)
	}
}

func TestServerThatIsAwayIsWaitedFor(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.NotFoundHandler())
	srv.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, lost, err := newClient(srv.URL).schedule(ctx, "channel", "text", noon); lost || err == nil {
		t.Errorf("got lost %t and error %v, want the error of the one who gave up", lost, err)
	}
}
