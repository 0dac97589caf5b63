// Package domain holds the vocabulary of Crier: identifiers, entities, states,
// and the rules that need no outside world. It does no I/O, reads no clock and
// imports only the standard library and core/fault; every other package may
// import it.
package domain
