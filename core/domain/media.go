package domain

import "time"

// MediaKind is the broad type of a file.
type MediaKind string

// The kinds of media.
const (
	MediaImage    MediaKind = "image"
	MediaVideo    MediaKind = "video"
	MediaDocument MediaKind = "document"
)

// Media is one uploaded file. Its bytes live in a blob store under Key.
type Media struct {
	ID           MediaID
	Organization OrganizationID
	// Name is what the file was called when it was uploaded.
	Name string
	Kind MediaKind
	// MIME is what the bytes are, whatever the upload claimed.
	MIME  string
	Bytes int64
	// Width and Height are in pixels; 0 where unknown.
	Width, Height int
	// SHA256 is the digest of the bytes, in hex.
	SHA256 string
	// Alt describes the file to people who cannot see it.
	Alt string
	// Key is where the bytes are in the blob store.
	Key       string
	CreatedBy UserID
	CreatedAt time.Time
}
