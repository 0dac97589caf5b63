package httpapi

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/core/replay"
)

const (
	idempotencyKey = "Idempotency-Key"
	replayedHeader = "Idempotency-Replayed"
	// maxKey bounds what clients choose.
	maxKey = 255
)

// repeatable are the operations that take an Idempotency-Key: those that create
// or publish, and whose answers hold no secret, for answers are kept. A new one
// that would make something twice when it is run twice must make it under the
// Seed of its run.
func repeatable() []string {
	return []string{
		"create-post", "retry-post", "retry-failures", "settle-delivery",
		"approve-post", "reject-post", "request-approval", "replay-dead-letter",
	}
}

func (s spec) repeatable() bool { return slices.Contains(repeatable(), s.id) }

// idempotencyParam documents the header.
func idempotencyParam() *huma.Param {
	most := maxKey
	return &huma.Param{
		Name: idempotencyKey, In: "header",
		Description: "Chosen by the sender for this one request, such as a UUID. When the request is sent again with it within a day, because the answer was lost, " +
			"nothing is done twice: the first answer comes back, with the header Idempotency-Replayed. Another request with the same key is refused with 422, " +
			"and one that comes while the first is running with 409. Answers of 401, 403, 429 and 5xx are not kept.",
		Schema: &huma.Schema{Type: huma.TypeString, MaxLength: &most},
	}
}

// once runs next, unless the same request was answered before.
func (a *api) once(req *request, next func(huma.Context)) {
	key := req.Header(idempotencyKey)
	if key == "" {
		next(req)
		return
	}
	ctx := req.Context()
	if !validKey(key) {
		a.writeFailure(req, fault.Check([]fault.Problem{{
			Field: idempotencyKey, Rule: "format", Message: "This key has from 1 to 255 letters, digits and signs of ASCII, without spaces.",
		}}))
		return
	}
	body, whole := req.readBody()
	req.body = body
	if !whole {
		next(req) // it is refused: the body is too large, or broke off
		return
	}
	run, kept, err := a.eng.Replays.Begin(ctx, req.actor, key, digest(req, body.(*bytes.Reader)))
	switch {
	case err != nil:
		a.writeFailure(req, err)
	case kept != nil:
		req.replay(*kept)
	default:
		a.run(req, run, next)
	}
}

// run runs next, keeps its answer if it is final, and sends it then.
func (a *api) run(req *request, run *replay.Run, next func(huma.Context)) {
	req.run, req.held = run, &held{}
	ctx := context.WithoutCancel(req.Context()) // the answer counts, whoever still listens
	done := false
	defer func() {
		if done {
			return
		}
		if err := a.eng.Replays.Release(ctx, run); err != nil { // it panicked
			a.cfg.Log.WarnContext(ctx, "a request cannot be repeated before its lease is over", "id", traceOf(ctx).id, "error", err)
		}
	}()
	next(req)
	done = true
	h := req.held
	req.held = nil
	var err error
	if final(h.status) && h.body.Len() <= replay.MaxBody {
		err = a.eng.Replays.Finish(ctx, run, replay.Answer{
			Status: h.status, ContentType: h.contentType, ETag: h.etag, Body: h.body.String(),
		})
	} else {
		err = a.eng.Replays.Release(ctx, run)
	}
	if err != nil {
		a.cfg.Log.WarnContext(ctx, "an answer was not kept for when its request is repeated", "id", traceOf(ctx).id, "error", err)
	}
	req.inner.SetStatus(h.status)
	_, _ = req.inner.BodyWriter().Write(h.body.Bytes()) // nobody to tell: the client is gone
}

// held is an answer that was not sent yet.
type held struct {
	status            int
	contentType, etag string
	body              bytes.Buffer
}

// final reports whether the same request would be answered alike again. Who may
// do what, and how often, can change.
func final(status int) bool {
	switch status {
	case http.StatusBadRequest, http.StatusNotFound, http.StatusConflict, http.StatusPreconditionFailed,
		http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType:
		return true
	}
	return status >= 200 && status < 300
}

// replay sends an answer that was kept.
func (r *request) replay(a replay.Answer) {
	r.SetHeader(replayedHeader, "true")
	for name, value := range map[string]string{"Content-Type": a.ContentType, "ETag": a.ETag} {
		if value != "" {
			r.SetHeader(name, value)
		}
	}
	r.SetStatus(a.Status)
	_, _ = io.WriteString(r.BodyWriter(), a.Body) // nobody to tell: the client is gone
}

func validKey(s string) bool {
	return s != "" && len(s) <= maxKey && strings.IndexFunc(s, func(r rune) bool { return r <= ' ' || r > '~' }) < 0
}

// digest names what a request asks.
func digest(ctx huma.Context, body io.ReadSeeker) string {
	h := sha256.New()
	u := ctx.URL()
	_, _ = io.WriteString(h, ctx.Method()+" "+u.RequestURI()+"\n") // a hash does not fail
	_, _ = io.Copy(h, body)
	_, _ = body.Seek(0, io.SeekStart)
	return hex.EncodeToString(h.Sum(nil))
}

// readBody reads the body ahead of the operation. If it is too large or broke
// off, whole is false, and what is returned ends as the body does.
func (r *request) readBody() (body io.Reader, whole bool) {
	_ = r.SetReadDeadline(time.Now().Add(bodyTimeout)) // as huma does again
	in := r.inner.BodyReader()
	b, err := io.ReadAll(io.LimitReader(in, maxBody+1))
	if err != nil {
		return io.MultiReader(bytes.NewReader(b), failing{err}), false
	}
	if len(b) > maxBody {
		return io.MultiReader(bytes.NewReader(b), in), false
	}
	return bytes.NewReader(b), true
}

// failing is a reader that broke off.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
