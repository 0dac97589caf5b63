package upload_test

import (
	"context"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/crierhq/crier/providers/kit/upload"
)

type file struct {
	io.Reader
	closed bool
}

func (f *file) Close() error {
	f.closed = true
	return nil
}

func opens(f *file) func(context.Context) (io.ReadCloser, error) {
	return func(context.Context) (io.ReadCloser, error) { return f, nil }
}

func TestMultipartKeepsOrderAndBytes(t *testing.T) {
	t.Parallel()
	f := &file{Reader: iotest.OneByteReader(strings.NewReader("bytes of a boat"))}
	body, contentType, size := upload.Multipart([]upload.Field{
		{Name: "description", Value: "A red\r\nboat."},
		{Name: "file", FileName: "a \"boat\"\r\n.png", Type: "image/png", Size: 15, Open: opens(f)},
		{Name: "focus", Value: ""},
	})
	raw, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	if int64(len(raw)) != size {
		t.Errorf("got %d bytes, want the announced %d", len(raw), size)
	}
	if !f.closed {
		t.Error("the file was not closed")
	}
	_, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		t.Fatal(err)
	}
	r := multipart.NewReader(strings.NewReader(string(raw)), params["boundary"])
	for _, want := range [][4]string{
		{"description", "", "", "A red\r\nboat."},
		{"file", "a %22boat%22%0D%0A.png", "image/png", "bytes of a boat"},
		{"focus", "", "", ""},
	} {
		p, err := r.NextRawPart()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(p)
		if err != nil {
			t.Fatal(err)
		}
		if got := [4]string{p.FormName(), p.FileName(), p.Header.Get("Content-Type"), string(text)}; got != want {
			t.Errorf("got part %q, want %q", got, want)
		}
	}
	if _, err := r.NextRawPart(); err != io.EOF {
		t.Errorf("got %v after the last part, want io.EOF", err)
	}
}

func TestMultipartIsTheSameEveryTime(t *testing.T) {
	t.Parallel()
	write := func(value string) string {
		body, contentType, _ := upload.Multipart([]upload.Field{
			{Name: "a", Value: value},
			{Name: "f", FileName: "x", Size: 3, Open: opens(&file{Reader: strings.NewReader("abc")})},
		})
		raw, err := io.ReadAll(body)
		if err != nil {
			t.Fatal(err)
		}
		return contentType + "\n" + string(raw)
	}
	if a, b := write("1"), write("1"); a != b {
		t.Errorf("got two bodies:\n%s\n%s", a, b)
	}
	if write("1") == write("2") {
		t.Error("got one body for two texts")
	}
}

func TestMultipartRefusesWrongSizes(t *testing.T) {
	t.Parallel()
	for name, size := range map[string]int64{"longer than announced": 2, "shorter than announced": 9} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body, _, _ := upload.Multipart([]upload.Field{
				{Name: "f", FileName: "x", Size: size, Open: opens(&file{Reader: strings.NewReader("abc")})},
			})
			if _, err := io.ReadAll(body); err == nil {
				t.Error("got no error")
			}
		})
	}
}

func TestMultipartWithoutASize(t *testing.T) {
	t.Parallel()
	body, _, size := upload.Multipart([]upload.Field{
		{Name: "f", FileName: "x", Size: -1, Open: opens(&file{Reader: strings.NewReader("abc")})},
	})
	raw, err := io.ReadAll(body)
	if size != -1 || err != nil || !strings.Contains(string(raw), "\r\n\r\nabc\r\n--") {
		t.Errorf("got size %d, error %v and %q", size, err, raw)
	}
}

func TestMultipartPassesErrorsOn(t *testing.T) {
	t.Parallel()
	gone := errors.New("gone")
	body, _, _ := upload.Multipart([]upload.Field{
		{Name: "f", Size: 3, Open: func(context.Context) (io.ReadCloser, error) { return nil, gone }},
	})
	if _, err := io.ReadAll(body); !errors.Is(err, gone) {
		t.Errorf("got %v, want %v", err, gone)
	}
}

func TestMultipartOpensLateAndClosesEarly(t *testing.T) {
	t.Parallel()
	f := &file{Reader: strings.NewReader("abc")}
	opened := false
	body, _, _ := upload.Multipart([]upload.Field{
		{Name: "a", Value: "text"},
		{Name: "f", Size: 3, Open: func(context.Context) (io.ReadCloser, error) {
			opened = true
			return f, nil
		}},
	})
	if _, err := body.Read(make([]byte, 4)); err != nil || opened {
		t.Fatalf("got error %v and opened %t before the file's turn", err, opened)
	}
	for !opened {
		if _, err := body.Read(make([]byte, 64)); err != nil {
			t.Fatal(err)
		}
	}
	closer, ok := body.(io.Closer)
	if !ok {
		t.Fatal("the body cannot be closed")
	}
	if err := closer.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := body.Read(make([]byte, 1)); err == nil {
		t.Error("got no error from a closed body")
	}
}

func TestMultipartMayBeClosedWhileItIsRead(t *testing.T) {
	t.Parallel()
	waiting := make(chan struct{})
	body, _, _ := upload.Multipart([]upload.Field{
		{Name: "f", Size: 3, Open: func(ctx context.Context) (io.ReadCloser, error) {
			close(waiting)
			<-ctx.Done()
			return nil, ctx.Err()
		}},
	})
	read := make(chan error)
	go func() {
		_, err := io.ReadAll(body)
		read <- err
	}()
	<-waiting
	closer, ok := body.(io.Closer)
	if !ok {
		t.Fatal("the body cannot be closed")
	}
	if err := closer.Close(); err != nil {
		t.Error(err)
	}
	if err := <-read; err == nil {
		t.Error("got no error from a body that was closed")
	}
}
