package httpapi

// Repeatable is repeatable.
func Repeatable() []string { return repeatable() }
