package bluesky

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/rest"
)

const (
	// The service stores the encoded video on the account's server with our
	// token, so the token must live as long as encoding takes.
	videoTokenLife = 30 * time.Minute
	videoPoll      = 5 * time.Second

	jobFailed = "JOB_STATE_FAILED"
)

// waiting is the Cursor of a video that is being encoded.
func (p progress) waiting() social.Cursor {
	c := p.cursor(social.StepCheck)
	c.After = videoPoll
	return c
}

// encode hands a video to the video service and puts the job, or the finished
// blob, in pr. See https://docs.bsky.app/docs/tutorials/video.
func (p *Provider) encode(ctx context.Context, t social.Target, m social.Media, pr *progress) error {
	token, err := p.videoToken(ctx, t)
	if err != nil {
		return err
	}
	body, err := open(ctx, m)
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }()
	var out jobAnswer
	resp, err := p.call(ctx, p.cfg.VideoService, uploadVideo, rest.Request{
		Query:  url.Values{"did": {t.Account}, "name": {videoName(t.Key)}},
		Bearer: token, Body: body, Type: m.MIME, Size: m.Bytes,
		// An upload whose answer is lost may be made again: nobody sees it, and
		// the service knows a file that it has already.
		Reads: true,
		Out:   &out,
	})
	if err != nil && (json.Unmarshal(resp.Body, &out) != nil || out.job().JobID == "") {
		return err
	}
	return pr.take(out.job())
}

// take moves pr on to what job says.
func (p *progress) take(job jobStatus) error {
	switch {
	case job.Blob != nil && job.Blob.Ref.Link != "":
		p.Blobs, p.Job = []heldBlob{held(*job.Blob)}, ""
	case job.State == jobFailed:
		e := social.Errorf(social.CodeRejected, "Bluesky could not encode the video.")
		for _, s := range []string{job.Message, job.Error, job.FailureCode} {
			if s = sentence(s); s != "" {
				e.Message = "Bluesky could not encode the video: " + s
				break
			}
		}
		return e
	case job.JobID == "":
		return social.Errorf(social.CodeUnavailable, "The video service sent an answer that we cannot read.")
	default:
		p.Job = job.JobID
	}
	return nil
}

// poll reads how far an encoding has come.
func (p *Provider) poll(ctx context.Context, pr progress) (social.Outcome, error) {
	var out jobAnswer
	_, err := p.call(ctx, p.cfg.VideoService, getJobStatus, rest.Request{
		Method: http.MethodGet, Query: url.Values{"jobId": {pr.Job}}, Out: &out,
	})
	if err != nil {
		e := social.AsError(err)
		if e.Code == social.CodeRejected {
			// Not the video is refused, but the job, which is kept for a while only.
			e.Code, e.Restart = social.CodeUnavailable, true
			e.Message = "Bluesky no longer knows the upload of the video; it is uploaded again."
		}
		return social.Outcome{}, e
	}
	if err := pr.take(out.job()); err != nil {
		return social.Outcome{}, err
	}
	if pr.Job != "" {
		return social.Pending(pr.waiting()), nil
	}
	return social.Pending(pr.cursor(social.StepPublish)), nil
}

// videoToken gets the right to store one video on the account's server for the
// video service.
func (p *Provider) videoToken(ctx context.Context, t social.Target) (string, error) {
	var out struct {
		Token string `json:"token"`
	}
	_, err := p.call(ctx, p.host(t), getServiceAuth, rest.Request{
		Method: http.MethodGet, Bearer: t.Credential.Access, Out: &out,
		Query: url.Values{
			"aud": {webDID(p.host(t))},
			"lxm": {uploadBlob},
			"exp": {strconv.FormatInt(p.deps.Now().Add(videoTokenLife).Unix(), 10)},
		},
	})
	if err == nil && out.Token == "" {
		err = social.Errorf(social.CodeUnavailable, "The server sent an answer that we cannot read.")
	}
	return out.Token, err
}

// webDID is the DID of a server, see https://w3c-ccg.github.io/did-method-web.
func webDID(origin string) string {
	_, host, _ := strings.Cut(origin, "://")
	return "did:web:" + strings.ReplaceAll(host, ":", "%3A")
}

// videoName is a file name that tells nothing and is the same when the upload
// is made again.
func videoName(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:8]) + ".mp4"
}
