package feed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// pingTime bounds how long a hub may hold up a publication that is done.
const pingTime = 5 * time.Second

// ping tells the hub, if there is one, that both feeds changed. WebSub leaves
// open how; this is what the public hubs take. A hub that fails is not worth
// failing for: readers who ask the feed itself see the entry anyway.
func (p *Provider) ping(ctx context.Context, account, hub string) {
	if hub == "" {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, pingTime)
	defer cancel()
	for _, topic := range []string{p.address(account, atomName), p.address(account, jsonName)} {
		if err := p.pingOne(ctx, hub, topic); err != nil {
			p.deps.Log.WarnContext(ctx, "feed: the hub was not told of a change", "account", account, "error", err)
		}
	}
}

func (p *Provider) pingOne(ctx context.Context, hub, topic string) error {
	body := url.Values{"hub.mode": {"publish"}, "hub.url": {topic}, "hub.topic": {topic}}.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, hub, strings.NewReader(body))
	if err != nil {
		return bare(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := p.deps.HTTP.Do(req)
	if err != nil {
		return bare(err)
	}
	// What a hub says is of no use; a little is read so that the connection can
	// be used again.
	_, err = io.CopyN(io.Discard, resp.Body, 4<<10)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	err = errors.Join(err, resp.Body.Close())
	if resp.StatusCode >= http.StatusMultipleChoices {
		return fmt.Errorf("the hub answered with status %d", resp.StatusCode)
	}
	return err
}

// bare drops what an *url.Error says of the address, which may hold a token.
func bare(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}
