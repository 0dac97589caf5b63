package wire

import (
	"io"
	"net/http"
	"strings"
	"time"
)

// bodySilence is how long an upload may pause. A time limit for the whole of it
// would cut off large files on slow lines.
const bodySilence = time.Minute

// patientBody gives every pause of an upload its own time limit.
func patientBody(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/") {
			r.Body = &patient{ReadCloser: r.Body, ctl: http.NewResponseController(w)}
		}
		next.ServeHTTP(w, r)
	})
}

type patient struct {
	io.ReadCloser
	ctl *http.ResponseController
}

// Read implements io.Reader.
func (p *patient) Read(b []byte) (int, error) {
	_ = p.ctl.SetReadDeadline(time.Now().Add(bodySilence)) // without one there is no limit, which is still right
	n, err := p.ReadCloser.Read(b)
	if err != nil {
		_ = p.ctl.SetReadDeadline(time.Time{}) // the next request on the connection has a limit of its own
	}
	return n, err
}
