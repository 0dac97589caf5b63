package config

import (
	"fmt"
	"strings"
)

// Problem is one setting that must change before the program can start.
type Problem struct {
	// Variable is the name of the environment variable.
	Variable string
	// Message says what is wrong, without the value of a secret.
	Message string
	// Fix says what would be right.
	Fix string
}

// Problems is everything that is wrong with the settings. It is an error.
type Problems []Problem

// Error lists the problems, one line each.
func (ps Problems) Error() string {
	var b strings.Builder
	if len(ps) == 1 {
		b.WriteString("one setting needs a change:")
	} else {
		fmt.Fprintf(&b, "%d settings need a change:", len(ps))
	}
	for _, p := range ps {
		fmt.Fprintf(&b, "\n  %s: %s %s", p.Variable, p.Message, p.Fix)
	}
	return b.String()
}
