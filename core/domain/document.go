package domain

import (
	"encoding/json"
	"time"
)

// Document is a durable piece of JSON in a space of its own, for channels that
// Crier hosts itself. Within a space its Key is unique.
type Document struct {
	Space string
	Key   string
	// At orders the documents of a space.
	At   time.Time
	Data json.RawMessage
}
