package memlimit

// Len is how many keys are remembered.
func Len(l *Limiter) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.full)
}
