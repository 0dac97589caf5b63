package media

import (
	"bytes"
	"image"
	"image/png"
	"testing"
)

// FuzzIdentify is inside the package: what upload makes of the first bytes of a
// stranger's file must never panic, and never come out as a type that is not
// accepted.
func FuzzIdentify(f *testing.F) {
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 3, 2))); err != nil {
		f.Fatal(err)
	}
	for _, s := range []string{b.String(), "GIF89a", "\xff\xd8\xff\xe0", "RIFF....WEBPVP8X..........", "RIFF....WEBPVP8L", "....ftypqt  ", "%PDF-", ""} {
		f.Add([]byte(s), "image/png")
	}
	known := map[string]bool{}
	for _, fm := range formats() {
		known[fm.mime] = true
	}
	f.Fuzz(func(t *testing.T, head []byte, claimed string) {
		kind, mime, err := identify(head, claimed)
		if err == nil && (!known[mime] || kind == "") {
			t.Errorf("got %s of kind %q, which is not accepted", mime, kind)
		}
		for m := range known {
			if w, h := dimensions(m, head); w < 0 || h < 0 {
				t.Errorf("%s: got %dx%d", m, w, h)
			}
		}
	})
}
