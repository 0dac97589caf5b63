// Package client speaks Crier's HTTP API. It needs Go's standard library only.
//
//	c, err := client.New(client.Config{BaseURL: "https://crier.example"})
//	who, err := c.Login(ctx, client.Login{Email: "ann@example.org", Password: password})
//	c = c.As(client.NewRenewer(c, *who))
//	post, err := c.CreatePost(ctx, client.PostInput{Content: "We are live!", Integrations: []client.TargetInput{{ID: id}}, Type: "now"})
//
// Every operation of the API is one method; generated.go has them, with the
// types of what is sent and answered. An answer that is no success is an *Error.
// Nothing is tried again by itself.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"time"
)

// Timeout bounds a call, with its answer, where Config.HTTP is not given.
const Timeout = 60 * time.Second

// Config says where the API is. Everything but BaseURL has a default.
type Config struct {
	// BaseURL is the address of the API, such as https://crier.example.
	BaseURL string
	// HTTP makes the calls. Default: a client of its own that gives up after
	// Timeout and follows no redirect.
	HTTP *http.Client
	// Credentials say who asks. Default: nobody, which is enough to sign in.
	Credentials Credentials
}

// Client makes calls as one caller. It may be used by several goroutines at
// once.
type Client struct {
	base        string
	http        *http.Client
	credentials Credentials
}

// New returns a client of the API at cfg.BaseURL.
func New(cfg Config) (*Client, error) {
	u, err := url.Parse(cfg.BaseURL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("client: Config.BaseURL must be an address such as https://crier.example")
	}
	if cfg.HTTP == nil {
		cfg.HTTP = &http.Client{Timeout: Timeout, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	return &Client{base: strings.TrimRight(cfg.BaseURL, "/"), http: cfg.HTTP, credentials: cfg.Credentials}, nil
}

// As returns a client of the same API that asks with other credentials; nil
// means nobody.
func (c *Client) As(who Credentials) *Client {
	other := *c
	other.credentials = who
	return &other
}

// Option changes one call.
type Option func(*call)

// Header sets a header of the request.
func Header(name, value string) Option {
	return func(c *call) { c.header.Set(name, value) }
}

// IfMatch has the call refused, with status 412, unless etag is that of the
// newest version. The ETag of a post is its version in quotes; see Answered.
func IfMatch(etag string) Option { return Header("If-Match", etag) }

// IdempotencyKey has the call carried out once, however often it is made with
// this key: later ones are answered like the first.
func IdempotencyKey(key string) Option { return Header("Idempotency-Key", key) }

// Answered has the headers of the answer copied into h, also where the call
// fails with an *Error.
func Answered(h *http.Header) Option {
	return func(c *call) { c.answered = h }
}

// call is one request that is to be made.
type call struct {
	method, path string
	query        url.Values
	header       http.Header
	body         io.Reader
	json         any
	answered     *http.Header
}

// sent is a call that answers with JSON of type T.
func sent[T any](ctx context.Context, c *Client, call call, opts []Option) (*T, error) {
	resp, err := c.do(ctx, call, opts)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close() //nolint:errcheck // everything was read
	out := new(T)
	if err := json.NewDecoder(resp.Body).Decode(out); err != nil {
		return nil, fmt.Errorf("%s %s: read the answer: %w", call.method, call.path, err)
	}
	return out, nil
}

// done is a call that answers with nothing.
func done(ctx context.Context, c *Client, call call, opts []Option) error {
	resp, err := c.do(ctx, call, opts)
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

// do makes a call. The caller closes the body of an answer.
func (c *Client) do(ctx context.Context, call call, opts []Option) (*http.Response, error) {
	req, err := c.request(ctx, &call, opts)
	if err != nil {
		return nil, err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	if call.answered != nil {
		*call.answered = resp.Header
	}
	if resp.StatusCode >= http.StatusMultipleChoices {
		defer resp.Body.Close() //nolint:errcheck // the rest does not matter
		return nil, refusal(call, resp)
	}
	return resp, nil
}

func (c *Client) request(ctx context.Context, call *call, opts []Option) (*http.Request, error) {
	if call.header == nil {
		call.header = http.Header{}
	}
	call.header.Set("Accept", "application/json")
	if call.json != nil {
		text, err := json.Marshal(call.json)
		if err != nil {
			return nil, fmt.Errorf("%s %s: write the body: %w", call.method, call.path, err)
		}
		call.body = bytes.NewReader(text)
		call.header.Set("Content-Type", "application/json")
	}
	for _, o := range opts {
		o(call)
	}
	address := c.base + call.path
	if len(call.query) > 0 {
		address += "?" + call.query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, call.method, address, call.body)
	if err != nil {
		return nil, err
	}
	req.Header = call.header
	if c.credentials != nil && req.Header.Get("Authorization") == "" {
		token, err := c.credentials.Token(ctx)
		if err != nil {
			return nil, err
		}
		req.Header.Set("Authorization", "Bearer "+token)
	}
	return req, nil
}

// values are the parameters in pairs, name and value, that are not zero.
func values(pairs ...any) url.Values {
	out := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		name, v := fmt.Sprint(pairs[i]), reflect.ValueOf(pairs[i+1])
		if v.IsZero() {
			continue
		}
		if v.Kind() != reflect.Slice {
			out.Set(name, valueText(v))
			continue
		}
		for k := range v.Len() {
			out.Add(name, valueText(v.Index(k)))
		}
	}
	return out
}

func valueText(v reflect.Value) string {
	if t, ok := v.Interface().(time.Time); ok {
		return t.Format(time.RFC3339Nano)
	}
	return fmt.Sprint(v.Interface())
}
