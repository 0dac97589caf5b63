//go:build !race

package main

// buildFlags has the programs built as this test is.
var buildFlags []string
