package main

import "testing"

// TestDemo is the main job, with the real server, a hard kill and a parser of
// somebody else.
func TestDemo(t *testing.T) {
	t.Parallel()
	if err := run(t.Context()); err != nil {
		t.Fatal(err)
	}
}
