package httpapi

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// leastCompressed is how long an answer must be for compressing it to pay.
const leastCompressed = 1 << 10

// compressor compresses answers of JSON and text for clients that take gzip.
//
// An attacker who can have a browser send requests, and who sees how long the
// answers are, learns secrets that are compressed together with what they sent
// (BREACH). What a browser adds to requests by itself are cookies, and they go
// to /auth alone, so nothing there is compressed.
type compressor struct{ writers sync.Pool }

func newCompressor() *compressor {
	return &compressor{writers: sync.Pool{New: func() any {
		w, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed) // this level exists
		return w
	}}}
}

// wrap returns what to write an answer to, and what must be called at its end.
func (c *compressor) wrap(w http.ResponseWriter, r *http.Request) (out http.ResponseWriter, end func()) {
	if strings.HasPrefix(r.URL.Path, "/auth/") || r.Method == http.MethodHead || !takesGzip(r.Header) {
		return w, func() {}
	}
	z := &compressed{ResponseWriter: w, pool: c}
	return z, z.end
}

// takesGzip reads Accept-Encoding. Gzip that is refused with q=0 is rare, and
// refused it is.
func takesGzip(h http.Header) bool {
	for part := range strings.SplitSeq(strings.Join(h.Values("Accept-Encoding"), ","), ",") {
		name, params, _ := strings.Cut(part, ";")
		if !strings.EqualFold(strings.TrimSpace(name), "gzip") {
			continue
		}
		weight, weighted := strings.CutPrefix(strings.ReplaceAll(params, " ", ""), "q=")
		q, err := strconv.ParseFloat(weight, 64)
		return !weighted || err == nil && q > 0
	}
	return false
}

// compressed holds the beginning of an answer back until it is clear whether it
// is to be compressed.
type compressed struct {
	http.ResponseWriter
	pool    *compressor
	status  int
	begun   bytes.Buffer
	decided bool
	gz      *gzip.Writer // nil: it goes out as it is
}

// Unwrap gives http.ResponseController what lies below.
func (z *compressed) Unwrap() http.ResponseWriter { return z.ResponseWriter }

// WriteHeader implements http.ResponseWriter.
func (z *compressed) WriteHeader(status int) {
	switch {
	case z.decided || status < http.StatusOK:
		z.ResponseWriter.WriteHeader(status)
	case z.status == 0:
		z.status = status
		if !z.suits() {
			_ = z.decide(false) // nothing was held back that could fail
		}
	}
}

// suits reports whether the answer may be compressed, whatever its length. Only
// whole answers are: the numbers of a range count bytes as they are kept.
func (z *compressed) suits() bool {
	h := z.Header()
	kind, _, _ := strings.Cut(h.Get("Content-Type"), ";")
	text := kind == "application/json" || strings.HasPrefix(kind, "application/openapi") ||
		strings.HasPrefix(kind, "text/") && kind != "text/event-stream"
	switch z.status {
	case http.StatusNoContent, http.StatusNotModified, http.StatusPartialContent:
		return false
	}
	return text && h.Get("Content-Encoding") == "" && h.Get("Content-Range") == ""
}

// Write implements io.Writer.
func (z *compressed) Write(p []byte) (int, error) {
	if z.status == 0 {
		z.WriteHeader(http.StatusOK)
	}
	switch {
	case z.gz != nil:
		return z.gz.Write(p)
	case z.decided:
		return z.ResponseWriter.Write(p)
	}
	z.begun.Write(p)
	if z.begun.Len() < leastCompressed {
		return len(p), nil
	}
	return len(p), z.decide(true)
}

// decide sends what was held back.
func (z *compressed) decide(compress bool) error {
	z.decided = true
	h := z.Header()
	if z.suits() {
		h.Add("Vary", "Accept-Encoding")
	}
	if compress {
		h.Del("Content-Length")
		h.Set("Content-Encoding", "gzip")
		z.gz = z.pool.writers.Get().(*gzip.Writer) //nolint:forcetypeassert // the pool holds nothing else
		z.gz.Reset(z.ResponseWriter)
	}
	z.ResponseWriter.WriteHeader(z.status)
	if z.begun.Len() == 0 {
		return nil
	}
	if z.gz != nil {
		_, err := z.gz.Write(z.begun.Bytes())
		return err
	}
	_, err := z.ResponseWriter.Write(z.begun.Bytes())
	return err
}

// Flush implements http.Flusher.
func (z *compressed) Flush() {
	if !z.decided && z.status != 0 {
		_ = z.decide(false) // the next write says it, too
	}
	if z.gz != nil {
		_ = z.gz.Flush() // the next write says it, too
	}
	if f, ok := z.ResponseWriter.(http.Flusher); ok {
		f.Flush()
	}
}

// end sends the rest.
func (z *compressed) end() {
	if !z.decided && z.status != 0 {
		_ = z.decide(false) // nobody to tell: the client is gone
	}
	if z.gz != nil {
		_ = z.gz.Close() // nobody to tell: the client is gone
		z.gz.Reset(nil)
		z.pool.writers.Put(z.gz)
	}
}
