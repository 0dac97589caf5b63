// Package examples shows how a Go program embeds Crier. Its examples run with
// the tests.
package examples
