package social

import "fmt"

// Problems collects what is wrong with something. The zero Problems is empty.
type Problems []Problem

// Add notes a problem if bad: the path of the field, a stable word for the rule,
// and a sentence for the author with what to do.
func (ps *Problems) Add(bad bool, field, rule, format string, args ...any) {
	if bad {
		*ps = append(*ps, Problem{Field: field, Rule: rule, Message: fmt.Sprintf(format, args...)})
	}
}
