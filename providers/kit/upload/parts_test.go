package upload_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/upload"
)

// shelf is a social.Source that counts.
type shelf struct {
	text string
	// seeks says whether its files can be wound.
	seeks bool
	// fails is what opening a file ends with, torn what reading it does.
	fails, torn    error
	opened, closed int
	read           int64
}

func (s *shelf) Open(context.Context) (io.ReadCloser, error) {
	if s.fails != nil {
		return nil, s.fails
	}
	s.opened++
	b := &book{of: s, r: strings.NewReader(s.text)}
	if s.seeks {
		return struct {
			*book
			io.Seeker
		}{b, b.r}, nil
	}
	return b, nil
}

func (*shelf) PublicURL(context.Context) (string, error) { return "", errors.ErrUnsupported }

type book struct {
	of *shelf
	r  *strings.Reader
}

func (b *book) Read(p []byte) (int, error) {
	if b.of.torn != nil {
		return 0, b.of.torn
	}
	n, err := iotest.HalfReader(b.r).Read(p)
	b.of.read += int64(n)
	return n, err
}

func (b *book) Close() error {
	b.of.closed++
	return nil
}

func (s *shelf) media() social.Media {
	return social.Media{Bytes: int64(len(s.text)), Source: s}
}

func TestPartsAreReadInAnyOrder(t *testing.T) {
	t.Parallel()
	type cut struct {
		offset, size int64
		want         string
	}
	for name, c := range map[string]struct {
		seeks  bool
		cuts   []cut
		opened int
		read   int64
	}{
		"in their order the file is read once":         {false, []cut{{0, 4, "0123"}, {4, 4, "4567"}, {8, 2, "89"}}, 1, 10},
		"a part again opens the file anew":             {false, []cut{{0, 4, "0123"}, {4, 4, "4567"}, {4, 4, "4567"}, {8, 2, "89"}}, 2, 18},
		"what lies before a part is passed over":       {false, []cut{{6, 4, "6789"}}, 1, 10},
		"a file that can be wound is opened once":      {true, []cut{{6, 4, "6789"}, {0, 4, "0123"}, {4, 2, "45"}}, 1, 10},
		"parts that leave bytes out":                   {false, []cut{{1, 2, "12"}, {7, 1, "7"}}, 1, 8},
		"nothing":                                      {false, []cut{{10, 0, ""}}, 1, 10},
		"a part again that was taken from the start":   {false, []cut{{0, 10, "0123456789"}, {0, 10, "0123456789"}}, 2, 20},
		"a part again of a file that can be wound":     {true, []cut{{0, 10, "0123456789"}, {0, 10, "0123456789"}}, 1, 20},
		"the same offset with another size of the cut": {true, []cut{{3, 3, "345"}, {3, 1, "3"}}, 1, 4},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &shelf{text: "0123456789", seeks: c.seeks}
			parts := upload.NewParts(s.media())
			for _, cut := range c.cuts {
				part, err := parts.Part(t.Context(), cut.offset, cut.size)
				if err != nil {
					t.Fatal(err)
				}
				if err := iotest.TestReader(part, []byte(cut.want)); err != nil {
					t.Errorf("%d bytes from %d on: %v", cut.size, cut.offset, err)
				}
				if err := part.Close(); err != nil {
					t.Error(err)
				}
			}
			for range 2 {
				if err := parts.Close(); err != nil {
					t.Error(err)
				}
			}
			if s.opened != c.opened || s.closed != s.opened || s.read != c.read {
				t.Errorf("got %d times opened, %d times closed and %d bytes read, want %d, as often, and %d", s.opened, s.closed, s.read, c.opened, c.read)
			}
		})
	}
}

func TestPartHalfReadIsReadAgain(t *testing.T) {
	t.Parallel()
	for name, seeks := range map[string]bool{"that can be wound": true, "that cannot be wound": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &shelf{text: "0123456789", seeks: seeks}
			parts := upload.NewParts(s.media())
			defer func() { _ = parts.Close() }()
			broken, err := parts.Part(t.Context(), 2, 6)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadFull(broken, make([]byte, 3)); err != nil {
				t.Fatal(err)
			}
			again, err := parts.Part(t.Context(), 2, 6)
			if err != nil {
				t.Fatal(err)
			}
			if n, err := broken.Read(make([]byte, 3)); n != 0 || err == nil {
				t.Errorf("got %d bytes and error %v from a part that was asked for again, want none and an error", n, err)
			}
			if got, err := io.ReadAll(again); string(got) != "234567" || err != nil {
				t.Errorf("got %q and error %v, want all of the part", got, err)
			}
		})
	}
}

func TestPartsEndWhatIsClosed(t *testing.T) {
	t.Parallel()
	for name, shut := range map[string]func(*upload.Parts, io.Closer) error{
		"a part":   func(_ *upload.Parts, part io.Closer) error { return part.Close() },
		"the file": func(parts *upload.Parts, _ io.Closer) error { return parts.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &shelf{text: "0123456789"}
			parts := upload.NewParts(s.media())
			defer func() { _ = parts.Close() }()
			part, err := parts.Part(t.Context(), 0, 4)
			if err != nil {
				t.Fatal(err)
			}
			if err := shut(parts, part); err != nil {
				t.Fatal(err)
			}
			if n, err := part.Read(make([]byte, 4)); n != 0 || err == nil || errors.Is(err, io.EOF) {
				t.Errorf("got %d bytes and error %v from a closed part", n, err)
			}
		})
	}
}

func TestPartsThatCannotBeRead(t *testing.T) {
	t.Parallel()
	gone := errors.New("gone")
	for name, c := range map[string]struct {
		text         string
		bytes        int64
		fails        error
		offset, size int64
	}{
		"a file that cannot be opened":   {"0123", 4, gone, 0, 4},
		"a part beyond the end":          {"0123", 4, nil, 2, 3},
		"a part before the start":        {"0123", 4, nil, -1, 2},
		"a part of a negative size":      {"0123", 4, nil, 1, -1},
		"an offset that overflows":       {"0123", 4, nil, 1 << 62, 1 << 62},
		"a file that ends within a part": {"0123", 8, nil, 2, 4},
		"a file that ends before a part": {"0123", 8, nil, 6, 2},
	} {
		for kind, seeks := range map[string]bool{"wound": true, "read on": false} {
			t.Run(name+", "+kind, func(t *testing.T) {
				t.Parallel()
				s := &shelf{text: c.text, seeks: seeks, fails: c.fails}
				parts := upload.NewParts(social.Media{Bytes: c.bytes, Source: s})
				part, err := parts.Part(t.Context(), c.offset, c.size)
				if err == nil {
					_, err = io.ReadAll(part)
				}
				if social.CodeOf(err) != social.CodeUnavailable {
					t.Errorf("got %v, want %s", err, social.CodeUnavailable)
				}
				if c.fails != nil && !errors.Is(err, c.fails) {
					t.Errorf("got %v, want %v in it", err, c.fails)
				}
				if err := parts.Close(); err != nil || s.closed != s.opened {
					t.Errorf("got %v, %d times opened and %d times closed", err, s.opened, s.closed)
				}
			})
		}
	}
}

func TestPartsOpenAFileThatBrokeAnew(t *testing.T) {
	t.Parallel()
	torn := errors.New("torn")
	s := &shelf{text: "0123456789", seeks: true, torn: torn}
	parts := upload.NewParts(s.media())
	defer func() { _ = parts.Close() }()
	part, err := parts.Part(t.Context(), 2, 6)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if n, err := part.Read(make([]byte, 6)); n != 0 || err == nil || errors.Is(err, io.EOF) {
			t.Fatalf("got %d bytes and error %v from a file that broke", n, err)
		}
	}
	s.torn = nil
	if part, err = parts.Part(t.Context(), 2, 6); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(part); string(got) != "234567" || err != nil || s.opened != 2 {
		t.Errorf("got %q, error %v and %d times opened", got, err, s.opened)
	}
}

// A request can still read its body when its answer is there already.
func TestPartsMayBeAskedForWhileOneIsRead(t *testing.T) {
	t.Parallel()
	s := &shelf{text: strings.Repeat("0123456789", 1000)}
	parts := upload.NewParts(s.media())
	defer func() { _ = parts.Close() }()
	first, err := parts.Part(t.Context(), 0, 10000)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = io.Copy(io.Discard, first)
	}()
	second, err := parts.Part(t.Context(), 5, 10)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(second); string(got) != "5678901234" || err != nil {
		t.Errorf("got %q and error %v", got, err)
	}
	<-done
}

func TestPartsGoOnAfterAnError(t *testing.T) {
	t.Parallel()
	s := &shelf{text: "0123", fails: errors.New("not now")}
	parts := upload.NewParts(s.media())
	defer func() { _ = parts.Close() }()
	if _, err := parts.Part(t.Context(), 0, 4); err == nil {
		t.Fatal("got no error")
	}
	s.fails = nil
	part, err := parts.Part(t.Context(), 0, 4)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(part); string(got) != "0123" || err != nil {
		t.Errorf("got %q and error %v", got, err)
	}
}
