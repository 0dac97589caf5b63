package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Names lists the variables that fill the struct that into points to, where
// suffix is added to each, and those that name a file with the value.
func Names(into any, suffix string) []string {
	var out []string
	for _, s := range slots(reflect.ValueOf(into).Elem()) {
		out = append(out, s.Name+suffix, s.Name+suffix+FileSuffix)
	}
	return out
}

// Typos warns about variables in environ that are none of known but nearly.
func Typos(environ, known []string) []string {
	var out []string
	for _, entry := range environ {
		name, _, _ := strings.Cut(entry, "=")
		if slices.Contains(known, name) {
			continue
		}
		if near, ok := nearest(name, known); ok {
			out = append(out, fmt.Sprintf("%s is not a setting of Crier. Did you mean %s?", name, near))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// nearest finds the known name that is at most two slips away from name. Short
// names must be nearer: HOST is not a slip of PORT.
func nearest(name string, known []string) (string, bool) {
	best, at := "", 3
	for _, k := range known {
		if d := slips(strings.ToUpper(name), k); d < at && d <= min(2, len(k)/4) {
			best, at = k, d
		}
	}
	return best, best != ""
}

// slips counts how many letters must be added, left out, replaced or swapped
// with their neighbour to make b of a (the optimal string alignment distance).
func slips(a, b string) int {
	prev2, prev, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			replace := prev[j-1]
			if a[i-1] != b[j-1] {
				replace++
			}
			row[j] = min(prev[j]+1, row[j-1]+1, replace)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], prev2[j-2]+1)
			}
		}
		prev2, prev, row = prev, row, prev2
	}
	return prev[len(b)]
}
