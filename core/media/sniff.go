package media

import (
	"bytes"
	"encoding/binary"
	"image"
	_ "image/gif"  // so that dimensions are known
	_ "image/jpeg" // so that dimensions are known
	_ "image/png"  // so that dimensions are known
	"mime"
	"slices"
	"strings"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
)

// sniffBytes is how much of a file is looked at. It holds the frame header of
// almost every JPEG, also behind a large EXIF block.
const sniffBytes = 256 << 10

// format is one accepted type of file.
type format struct {
	kind domain.MediaKind
	mime string
	// aliases are other names that programs claim for it.
	aliases []string
	is      func(head []byte) bool
}

func magic(offset int, texts ...string) func([]byte) bool {
	return func(head []byte) bool {
		return slices.ContainsFunc(texts, func(s string) bool {
			return len(head) >= offset+len(s) && string(head[offset:offset+len(s)]) == s
		})
	}
}

func both(a, b func([]byte) bool) func([]byte) bool {
	return func(head []byte) bool { return a(head) && b(head) }
}

// formats is what can be uploaded. The order matters: QuickTime is an ISO base
// media file with a brand of its own.
func formats() []format {
	return []format{
		{domain.MediaImage, "image/png", nil, magic(0, "\x89PNG\r\n\x1a\n")},
		{domain.MediaImage, "image/jpeg", []string{"image/jpg", "image/pjpeg"}, magic(0, "\xff\xd8\xff")},
		{domain.MediaImage, "image/gif", nil, magic(0, "GIF87a", "GIF89a")},
		{domain.MediaImage, "image/webp", nil, both(magic(0, "RIFF"), magic(8, "WEBP"))},
		{domain.MediaVideo, "video/quicktime", nil, both(magic(4, "ftyp"), magic(8, "qt  "))},
		{domain.MediaVideo, "video/mp4", []string{"video/x-m4v"}, both(magic(4, "ftyp"),
			magic(8, "isom", "iso2", "iso3", "iso4", "iso5", "iso6", "iso7", "iso8", "iso9", "mp41", "mp42", "avc1", "hvc1", "hev1", "av01",
				"M4V ", "M4VH", "M4VP", "MSNV", "NDSC", "dash", "mmp4", "f4v ", "3gp4", "3gp5", "3gp6", "3g2a"))},
		{domain.MediaVideo, "video/x-msvideo", []string{"video/avi", "video/msvideo"}, both(magic(0, "RIFF"), magic(8, "AVI "))},
		{domain.MediaDocument, "application/pdf", nil, magic(0, "%PDF-")},
	}
}

const accepted = "PNG, JPEG, GIF and WebP images, MP4, MOV and AVI videos, and PDF documents are accepted"

// identify says what a file is by its first bytes.
func identify(head []byte, claimed string) (domain.MediaKind, string, error) {
	refuse := func(f *fault.Error) error {
		f.Problems = []fault.Problem{{Field: "file", Rule: f.Code, Message: f.Message}}
		return f
	}
	if len(head) == 0 {
		return "", "", fault.Check([]fault.Problem{{Field: "file", Rule: "empty", Message: "The file is empty."}})
	}
	for _, f := range formats() {
		if !f.is(head) {
			continue
		}
		if c := baseType(claimed); c != "" && c != "application/octet-stream" && c != f.mime && !slices.Contains(f.aliases, c) {
			return "", "", refuse(fault.New(fault.Unsupported, "type_mismatch", "The file claims to be %s, but it is %s.", c, f.mime))
		}
		return f.kind, f.mime, nil
	}
	return "", "", refuse(fault.New(fault.Unsupported, "type_not_accepted", "This type of file is not accepted: %s.", accepted))
}

func baseType(s string) string {
	t, _, err := mime.ParseMediaType(s)
	if err != nil {
		return strings.ToLower(strings.TrimSpace(s))
	}
	return t
}

// dimensions returns the size of an image in pixels, or zeros where the first
// bytes do not tell.
func dimensions(mimeType string, head []byte) (width, height int) {
	switch mimeType {
	case "image/png", "image/jpeg", "image/gif":
		cfg, _, err := image.DecodeConfig(bytes.NewReader(head))
		if err != nil {
			return 0, 0
		}
		return cfg.Width, cfg.Height
	case "image/webp":
		return webpSize(head)
	default:
		return 0, 0
	}
}

// webpSize reads the three headers of RFC 9649.
func webpSize(b []byte) (width, height int) {
	if len(b) < 30 {
		return 0, 0
	}
	switch string(b[12:16]) {
	case "VP8 ":
		return int(binary.LittleEndian.Uint16(b[26:])) & 0x3fff, int(binary.LittleEndian.Uint16(b[28:])) & 0x3fff
	case "VP8L":
		v := binary.LittleEndian.Uint32(b[21:])
		return int(v&0x3fff) + 1, int(v>>14&0x3fff) + 1
	case "VP8X":
		u24 := func(i int) int { return int(b[i]) | int(b[i+1])<<8 | int(b[i+2])<<16 }
		return u24(24) + 1, u24(27) + 1
	default:
		return 0, 0
	}
}
