package client

import (
	"context"
	"io"
	"mime/multipart"
	"net/textproto"
)

// File is what UploadFile sends.
type File struct {
	// Name is what the file is called.
	Name string
	// Alt describes it to people who cannot see it.
	Alt string
	// Content is read once, as it is sent.
	Content io.Reader
}

// UploadFile is UploadMedia with the form around a file. Large files are not
// kept in memory.
func (c *Client) UploadFile(ctx context.Context, f File, opts ...Option) (*Media, error) {
	return f.send(ctx, c.UploadMedia, opts)
}

// PublicUploadFile is PublicUploadMedia with the form around a file. Large files
// are not kept in memory.
func (c *Client) PublicUploadFile(ctx context.Context, f File, opts ...Option) (*Media, error) {
	return f.send(ctx, c.PublicUploadMedia, opts)
}

func (f File) send(ctx context.Context, upload func(context.Context, string, io.Reader, ...Option) (*Media, error), opts []Option) (*Media, error) {
	body, w := io.Pipe()
	// A call that fails early leaves the rest unread; closing ends the writer.
	defer body.Close() //nolint:errcheck // a pipe always closes
	form := multipart.NewWriter(w)
	go func() { w.CloseWithError(f.write(form)) }()
	return upload(ctx, form.FormDataContentType(), body, opts...)
}

func (f File) write(form *multipart.Writer) error {
	if f.Alt != "" {
		// The file is read as it comes, so what is said of it goes first.
		if err := form.WriteField("alt", f.Alt); err != nil {
			return err
		}
	}
	part, err := form.CreatePart(textproto.MIMEHeader{
		"Content-Disposition": {multipart.FileContentDisposition("file", f.Name)},
		"Content-Type":        {"application/octet-stream"},
	})
	if err != nil {
		return err
	}
	if _, err := io.Copy(part, f.Content); err != nil {
		return err
	}
	return form.Close()
}
