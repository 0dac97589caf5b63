// Package feedparser has feeds read by a program that strangers wrote, and that
// most of the feed readers written in Python use:
// https://feedparser.readthedocs.io.
//
// It needs Debian's apt-get and dpkg, and Python 3. The parser is fetched once
// into the user's cache, and nothing is installed.
package feedparser

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/crierhq/crier/testkit/peers/debian"
)

// ErrUnavailable says that the parser cannot be had here, such as on a machine
// that is not Debian's. It wraps the reason.
var ErrUnavailable = errors.New("feedparser: the parser cannot be had here")

// Feed is what the parser read.
type Feed struct {
	// Bozo says that the feed is not well-formed, and Why why.
	Bozo bool   `json:"bozo"`
	Why  string `json:"why"`
	// Version names the format: atom10.
	Version string  `json:"version"`
	Title   string  `json:"title"`
	ID      string  `json:"id"`
	Updated string  `json:"updated"`
	Links   []Link  `json:"links"`
	Entries []Entry `json:"entries"`
}

// Entry is an entry of a Feed, newest first.
type Entry struct {
	ID        string `json:"id"`
	Title     string `json:"title"`
	Link      string `json:"link"`
	Published string `json:"published"`
	Updated   string `json:"updated"`
	// Content is what a reader shows, made harmless.
	Content    string `json:"content"`
	Enclosures []Link `json:"enclosures"`
}

// Link leads somewhere.
type Link struct {
	Rel    string `json:"rel"`
	Href   string `json:"href"`
	Type   string `json:"type"`
	Length string `json:"length"`
}

//go:embed parse.py
var script string

// The packages, as Debian names them. Others are another test.
const (
	parser = "python3-feedparser=6.0.10-1"
	sgml   = "python3-sgmllib3k=1.0.0-4"
)

const patience = 30 * time.Second

// Parse reads a document. Errors that wrap ErrUnavailable are no fault of it.
func Parse(ctx context.Context, document []byte) (Feed, error) {
	root, err := debian.Fetch(ctx, "feedparser-6.0.10-1", debian.Main, parser, sgml)
	if err != nil {
		return Feed{}, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	python, err := exec.LookPath("python3")
	if err != nil {
		return Feed{}, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var out, failed bytes.Buffer
	cmd := exec.CommandContext(ctx, python, "-c", script, filepath.Join(root, "usr", "lib", "python3", "dist-packages"))
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(document), &out, &failed
	if err := cmd.Run(); err != nil {
		return Feed{}, fmt.Errorf("feedparser: %w\n%s", err, failed.Bytes())
	}
	var f Feed
	return f, json.Unmarshal(out.Bytes(), &f)
}
