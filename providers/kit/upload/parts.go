package upload

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"

	"github.com/crierhq/crier/ports/social"
)

// Parts is a file that is sent piece by piece. It keeps none of the bytes.
//
//	parts := upload.NewParts(media)
//	defer func() { _ = parts.Close() }()
//	part, err := parts.Part(ctx, offset, size)
//	rest.Request{Body: part, Size: size}
//
// The file is opened once and read on as long as its parts are asked for in
// their order. Any other part can be asked for as well, a second time too: the
// file is then wound to it, or opened anew where it cannot be wound.
type Parts struct {
	media social.Media
	// mu is held while the file is read, because a request may still read its
	// body after it was answered.
	mu   sync.Mutex
	file io.ReadCloser
	at   int64
	last *piece
}

// NewParts returns the parts of m. Nothing is opened before the first of them,
// and whoever asks for one must close the Parts.
func NewParts(m social.Media) *Parts { return &Parts{media: m} }

// Part returns the size bytes of the file from offset on. It ends the part that
// was asked for before: reading on in that one is an error. Closing a part
// leaves the file open.
//
// The file lives as long as the ctx of the call that opened it. An error is a
// *social.Error of CodeUnavailable; a part that is not within the file, or for
// which the file turns out to be too short, is one as well.
func (f *Parts) Part(ctx context.Context, offset, size int64) (io.ReadCloser, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.last != nil {
		f.last.ended.Store(true)
	}
	if offset < 0 || size < 0 || size > f.media.Bytes-offset {
		return nil, unreadable(fmt.Errorf("upload: %d bytes from %d on are not within a file of %d", size, offset, f.media.Bytes))
	}
	if err := f.wind(ctx, offset); err != nil {
		return nil, unreadable(errors.Join(err, f.shut()))
	}
	f.last = &piece{of: f, left: size}
	return f.last, nil
}

// unreadable is what people see of a file that cannot be read.
func unreadable(err error) error {
	return &social.Error{Code: social.CodeUnavailable, Message: "A file of this post cannot be read at the moment.", Err: err}
}

// wind makes the file go on at offset.
func (f *Parts) wind(ctx context.Context, offset int64) error {
	if s, ok := f.file.(io.Seeker); ok && f.at != offset {
		_, err := s.Seek(offset, io.SeekStart)
		f.at = offset
		return err
	}
	if f.file != nil && f.at > offset {
		if err := f.shut(); err != nil {
			return err
		}
	}
	if f.file == nil {
		file, err := f.media.Source.Open(ctx)
		if err != nil {
			return err
		}
		f.file, f.at = file, 0
		return f.wind(ctx, offset)
	}
	n, err := io.CopyN(io.Discard, f.file, offset-f.at)
	f.at += n
	return err
}

func (f *Parts) shut() error {
	if f.file == nil {
		return nil
	}
	err := f.file.Close()
	f.file = nil
	return err
}

// Close closes the file, and ends the last part. It may be repeated.
func (f *Parts) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.last != nil {
		f.last.ended.Store(true)
	}
	return f.shut()
}

// piece is one part.
type piece struct {
	of    *Parts
	left  int64
	ended atomic.Bool
}

// Read implements io.Reader.
func (c *piece) Read(p []byte) (int, error) {
	f := c.of
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case c.ended.Load():
		return 0, errClosed
	case c.left == 0:
		return 0, io.EOF
	}
	n, err := f.file.Read(p[:min(int64(len(p)), c.left)])
	f.at += int64(n)
	c.left -= int64(n)
	switch {
	case err == nil, c.left == 0 && errors.Is(err, io.EOF):
		return n, nil
	case errors.Is(err, io.EOF):
		err = errSize
	}
	c.ended.Store(true)
	// What failed once is opened anew for the next part.
	return n, unreadable(errors.Join(err, f.shut()))
}

// Close implements io.Closer. It does not wait for a Read.
func (c *piece) Close() error {
	c.ended.Store(true)
	return nil
}
