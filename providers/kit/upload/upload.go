// Package upload writes request bodies that are too large to keep in memory.
//
//	body, contentType, size := upload.Multipart([]upload.Field{
//		{Name: "description", Value: "A red boat."},
//		{Name: "file", FileName: "boat.png", Type: "image/png", Size: 1234, Open: src.Open},
//	})
//	rest.Request{Body: body, Type: contentType, Size: size}
//
// Files are opened one after the other while the body is read, and never held.
// A file that goes out in several requests is cut by Parts.
package upload

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
)

// Field is one part of a multipart body: a text, or with Open a file.
type Field struct {
	Name string
	// Value is the text.
	Value string
	// FileName, Type and Size describe the file. An empty Type reads as
	// application/octet-stream. Size is in bytes, -1 where it is not known.
	FileName string
	Type     string
	Size     int64
	// Open returns the bytes of the file from the start. It is called when the
	// body has been read up to the file, and what it returns is closed at the
	// file's end or with the body. Its context ends when the body is closed,
	// which net/http does when the context of the request ends.
	Open func(ctx context.Context) (io.ReadCloser, error)
}

// Multipart returns a multipart/form-data body (RFC 7578) with fields in their
// order, its content type, and its length or -1 where a Size is not known.
//
// Equal fields give equal bytes, so that a repeated request can be compared
// with the first; the contents of files are no part of that. The body is an
// io.ReadCloser: whoever does not read it to its end must close it. A file
// that is longer or shorter than its Size ends the body with an error.
func Multipart(fields []Field) (body io.Reader, contentType string, size int64) {
	boundary := boundaryOf(fields)
	m := newMultipart()
	for _, f := range fields {
		head := f.head(boundary)
		m.parts = append(m.parts, part{text: head})
		size = add(size, int64(len(head)))
		if f.Open == nil {
			m.parts = append(m.parts, part{text: f.Value + "\r\n"})
			size = add(size, int64(len(f.Value)+2))
			continue
		}
		m.parts = append(m.parts, part{open: f.Open, size: f.Size}, part{text: "\r\n"})
		size = add(add(size, f.Size), 2)
	}
	end := "--" + boundary + "--\r\n"
	m.parts = append(m.parts, part{text: end})
	return m, "multipart/form-data; boundary=" + boundary, add(size, int64(len(end)))
}

// add sums lengths of which some may not be known.
func add(a, b int64) int64 {
	if a < 0 || b < 0 {
		return -1
	}
	return a + b
}

// boundaryOf derives a boundary from all that is known of fields. It is a hash
// of them, so no text among them can hold it.
func boundaryOf(fields []Field) string {
	h := sha256.New()
	for _, f := range fields {
		for _, s := range []string{f.Name, f.Value, f.FileName, f.Type, strconv.FormatInt(f.Size, 10)} {
			_, _ = fmt.Fprintf(h, "%d:%s", len(s), s)
		}
	}
	return "crier-" + hex.EncodeToString(h.Sum(nil)[:20])
}

func (f Field) head(boundary string) string {
	var b strings.Builder
	b.WriteString("--" + boundary + "\r\nContent-Disposition: form-data; name=\"" + quote(f.Name) + "\"")
	if f.Open == nil {
		b.WriteString("\r\n\r\n")
		return b.String()
	}
	kind := f.Type
	if kind == "" {
		kind = "application/octet-stream"
	}
	b.WriteString("; filename=\"" + quote(f.FileName) + "\"\r\nContent-Type: " + line(kind) + "\r\n\r\n")
	return b.String()
}

// quote escapes what would end a quoted name, as browsers do.
// https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#multipart-form-data
func quote(s string) string {
	return strings.NewReplacer("\r", "%0D", "\n", "%0A", `"`, "%22").Replace(s)
}

// line keeps s on its line.
func line(s string) string {
	return strings.NewReplacer("\r", "", "\n", "").Replace(s)
}

// part is a text, or a file that is opened when its turn comes.
type part struct {
	text string
	open func(ctx context.Context) (io.ReadCloser, error)
	size int64
}

// multipart reads parts one after the other. net/http may close a body while
// it is being read, so the state has a lock that is not held during a Read.
type multipart struct {
	// open stands for the life of the body itself.
	open   context.Context
	cancel context.CancelFunc

	mu    sync.Mutex
	parts []part
	cur   io.ReadCloser
	err   error
}

func newMultipart() *multipart {
	m := &multipart{}
	m.open, m.cancel = context.WithCancel(context.Background())
	return m
}

// Read implements io.Reader.
func (m *multipart) Read(p []byte) (int, error) {
	for {
		cur, err := m.current()
		if err != nil {
			return 0, err
		}
		n, err := cur.Read(p)
		if err != nil {
			m.finish(cur, err)
		}
		if n > 0 || len(p) == 0 {
			return n, nil
		}
	}
}

// current is the part to read from.
func (m *multipart) current() (io.Reader, error) {
	m.mu.Lock()
	if m.err != nil || m.cur != nil {
		defer m.mu.Unlock()
		return m.cur, m.err
	}
	if len(m.parts) == 0 {
		m.err = io.EOF
		m.cancel()
		m.mu.Unlock()
		return nil, io.EOF
	}
	p := m.parts[0]
	m.parts = m.parts[1:]
	m.mu.Unlock()
	next, err := p.reader(m.open)
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.err != nil && next != nil:
		return nil, errors.Join(m.err, next.Close())
	case m.err != nil:
		return nil, m.err
	case err != nil:
		m.err = fmt.Errorf("open a file to send: %w", err)
		return nil, m.err
	}
	m.cur = next
	return next, nil
}

// finish closes the part that ended with why.
func (m *multipart) finish(cur io.Reader, why error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.cur == nil || m.cur != cur {
		return
	}
	err := m.cur.Close()
	m.cur = nil
	switch {
	case m.err != nil:
	case !errors.Is(why, io.EOF):
		m.err = why
	case err != nil:
		m.err = err
	}
}

// Close implements io.Closer. It may be called while the body is being read.
func (m *multipart) Close() error {
	m.cancel()
	m.mu.Lock()
	defer m.mu.Unlock()
	cur := m.cur
	m.cur, m.parts = nil, nil
	if m.err == nil {
		m.err = errClosed
	}
	if cur == nil {
		return nil
	}
	return cur.Close()
}

func (p part) reader(ctx context.Context) (io.ReadCloser, error) {
	if p.open == nil {
		return io.NopCloser(strings.NewReader(p.text)), nil
	}
	file, err := p.open(ctx)
	if err != nil || p.size < 0 {
		return file, err
	}
	return &exactly{ReadCloser: file, left: p.size}, nil
}

// errClosed ends reading from a body that was closed before its end.
var errClosed = errors.New("upload: the body is closed")

// errSize ends a body whose file is not as long as was announced.
var errSize = errors.New("upload: a file is not as long as was announced")

// exactly is a file that must have a known length.
type exactly struct {
	io.ReadCloser
	left int64
}

// Read implements io.Reader.
func (e *exactly) Read(p []byte) (int, error) {
	n, err := e.ReadCloser.Read(p)
	e.left -= int64(n)
	if e.left < 0 || err == io.EOF && e.left > 0 {
		return 0, errSize
	}
	return n, err
}
