package upload

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/crierhq/crier/ports/social"
)

// Print is a short text that is the same for the same head and files. A provider
// keeps it in a Ref, so that an edit can tell whether more than the text changed:
// head is what else the platform does not let anybody change. It must stay what
// it is, for it is compared with what was kept long ago.
func Print(head string, files []social.Media) string {
	h := sha256.New()
	_, _ = h.Write([]byte(head))
	for _, m := range files {
		_, _ = fmt.Fprintf(h, "%s %d %d %d %s\n", m.MIME, m.Bytes, m.Width, m.Height, m.Name)
	}
	return hex.EncodeToString(h.Sum(nil)[:6])
}
