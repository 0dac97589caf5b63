package memcache

// Len is how many values and groups are kept.
func Len(c *Cache) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for _, e := range c.groups {
		n += 1 + len(e.Value.(*group).values)
	}
	if n != c.size {
		return -1
	}
	return n
}

// Held is how many groups are held.
func Held(c *Cache) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.held)
}
