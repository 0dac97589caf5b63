package httpapi

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/store"
)

// pageInfo is where a page stands in its list.
type pageInfo struct {
	Limit int    `json:"limit" doc:"How many entries a page has at most." example:"50"`
	Next  string `json:"next,omitempty" doc:"The cursor of the next page; absent on the last one."`
}

// Cursors are opaque to clients: base64url of the microseconds and the id of
// the last row, separated by a dot.
func encodeCursor(p store.Position) string {
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(p.At.UnixMicro(), 10) + "." + p.ID))
}

// cursorSpan bounds the times in cursors to what every database can compare.
const cursorSpan = 1 << 53

func decodeCursor(s string) (store.Position, error) {
	bad := fault.Check([]fault.Problem{{Field: "cursor", Rule: "malformed", Message: "This is not a cursor of this list. Leave it out to start from the beginning."}})
	if s == "" {
		return store.Position{}, nil
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || len(b) > 256 {
		return store.Position{}, bad
	}
	at, id, ok := strings.Cut(string(b), ".")
	micro, err := strconv.ParseInt(at, 10, 64)
	if !ok || err != nil || micro > cursorSpan || micro < -cursorSpan || !validID(id) || strconv.FormatInt(micro, 10) != at {
		return store.Position{}, bad
	}
	return store.Position{At: time.UnixMicro(micro).UTC(), ID: id}, nil
}

// askPage reads the parameters of a list. It asks for one row more than wanted,
// which tells whether there is a next page.
func askPage(limit int, cursor string) (store.Page, error) {
	after, err := decodeCursor(cursor)
	return store.Page{Limit: limit + 1, After: after}, err
}

// cut takes that one row away and returns where the next page begins.
func cut[T any](rows []T, limit int, at func(T) store.Position) ([]T, pageInfo) {
	info := pageInfo{Limit: limit}
	if len(rows) > limit {
		rows = rows[:limit]
		info.Next = encodeCursor(at(rows[limit-1]))
	}
	return rows, info
}

// linkHeader is the RFC 8288 link to the next page, or "". It is right wherever
// the API is mounted: the one parameter that lists have in their path is an id.
func (a *api) linkHeader(req *request, info pageInfo) string {
	if info.Next == "" {
		return ""
	}
	u := req.URL()
	q := u.Query()
	q.Set("cursor", info.Next)
	path := strings.ReplaceAll(req.Operation().Path, "{id}", url.PathEscape(req.Param("id")))
	return fmt.Sprintf(`<%s%s?%s>; rel="next"`, a.cfg.PublicURL, path, q.Encode())
}

// stamp writes a time as every answer does; "" for the zero time.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}
