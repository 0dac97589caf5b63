// Package media takes files in, keeps them, and hands them out. What a file is
// decides its bytes, never its name or what the upload claimed.
package media

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/crierhq/crier/core/access"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/core/journal"
	"github.com/crierhq/crier/ports/blob"
	"github.com/crierhq/crier/ports/permit"
	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/ports/store"
)

const (
	maxName = 255
	// MaxAlt bounds the description of a file, in characters.
	MaxAlt = 5000
	// inUseBatch bounds how many posts are looked at before a file is deleted.
	inUseBatch = 200
)

// Config is what the service needs. PublicURL may be nil; then platforms that
// pull cannot be served.
type Config struct {
	Store    store.Store
	Access   *access.Checker
	Blobs    blob.Bucket
	Journal  *journal.Journal
	Log      *slog.Logger
	Now      func() time.Time
	NewID    func() string
	MaxBytes int64
	// PublicURL returns an address that anybody can fetch the file from.
	PublicURL func(ctx context.Context, m domain.Media) (string, error)
}

// Service keeps the media library.
type Service struct{ cfg Config }

// New returns a Service.
func New(cfg Config) *Service { return &Service{cfg: cfg} }

// Upload stores a file of the actor's organization. It reads r once, in bounded
// memory. claimed is the type that the upload names; it may be empty, but must
// not contradict the bytes. Errors: Invalid, TooLarge, Unsupported; nothing is
// kept then.
func (s *Service) Upload(ctx context.Context, a domain.Actor, name, claimed, alt string, r io.Reader) (domain.Media, error) {
	if err := s.cfg.Access.Check(a, permit.Media, permit.Create); err != nil {
		return domain.Media{}, err
	}
	name = cleanName(name)
	if n := utf8.RuneCountInString(alt); n > MaxAlt || !utf8.ValidString(alt) || strings.ContainsRune(alt, 0) {
		return domain.Media{}, fault.Check([]fault.Problem{{
			Field: "alt", Rule: "too_long", Message: fmt.Sprintf("A description is valid text of at most %d characters.", MaxAlt),
		}})
	}
	// Not io.ReadFull: it tells a short file from an upload that was cut off by
	// the same error that the reader of the upload uses.
	head, err := io.ReadAll(io.LimitReader(r, sniffBytes))
	if err != nil {
		return domain.Media{}, readFault(err)
	}
	kind, mime, err := identify(head, claimed)
	if err != nil {
		return domain.Media{}, err
	}
	m := domain.Media{
		ID: domain.MediaID(s.cfg.NewID()), Organization: a.Organization, Name: name, Kind: kind, MIME: mime,
		Alt: alt, CreatedBy: a.User, CreatedAt: domain.Instant(s.cfg.Now()),
	}
	m.Width, m.Height = dimensions(mime, head)
	m.Key = "media/" + string(a.Organization) + "/" + string(m.ID)
	sum := sha256.New()
	limited := &limitedReader{r: io.MultiReader(bytes.NewReader(head), r), left: s.cfg.MaxBytes}
	if m.Bytes, err = s.cfg.Blobs.Put(ctx, m.Key, io.TeeReader(limited, sum)); err != nil {
		return domain.Media{}, s.putFault(err)
	}
	m.SHA256 = hex.EncodeToString(sum.Sum(nil))
	err = s.cfg.Store.InTx(ctx, func(ctx context.Context, r store.Repos) error {
		if err := r.Media().Insert(ctx, a.Organization, m); err != nil {
			return err
		}
		return s.cfg.Journal.Append(ctx, r, journal.Media(m, domain.EventMediaReady, m.CreatedAt))
	})
	if err != nil {
		s.drop(ctx, m.Key)
		return domain.Media{}, fmt.Errorf("upload: %w", err)
	}
	return m, nil
}

func (s *Service) putFault(err error) error {
	if errors.Is(err, errTooLarge) {
		return &fault.Error{
			Kind: fault.TooLarge, Code: "file_too_large", Message: "The file is too large.",
			Problems: []fault.Problem{{Field: "file", Rule: "too_large", Message: fmt.Sprintf("A file has at most %d bytes here.", s.cfg.MaxBytes)}},
		}
	}
	if errors.Is(err, errRead) {
		return readFault(err)
	}
	return fmt.Errorf("upload: %w", err)
}

func readFault(err error) error {
	return &fault.Error{
		Kind: fault.Invalid, Code: "upload_broken", Message: "The upload ended before the whole file was here.", Err: err,
		Problems: []fault.Problem{{Field: "file", Rule: "incomplete", Message: "The upload ended before the whole file was here. Send it again."}},
	}
}

// drop removes bytes that no row names. It runs also when the request is gone.
func (s *Service) drop(ctx context.Context, key string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if err := s.cfg.Blobs.Delete(ctx, key); err != nil {
		s.cfg.Log.WarnContext(ctx, "bytes without a file were left behind", "key", key, "error", err)
	}
}

var (
	errTooLarge = errors.New("the file is too large")
	errRead     = errors.New("the upload broke")
)

// limitedReader fails, instead of ending, behind its limit.
type limitedReader struct {
	r    io.Reader
	left int64
}

func (l *limitedReader) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	if l.left -= int64(n); l.left < 0 {
		return 0, errTooLarge
	}
	if err != nil && !errors.Is(err, io.EOF) {
		err = fmt.Errorf("%w: %w", errRead, err)
	}
	return n, err
}

// cleanName keeps the last element of a file's name, without what a header or a
// file system could trip over.
func cleanName(name string) string {
	name = path.Base(strings.ReplaceAll(strings.ToValidUTF8(name, ""), `\`, "/"))
	name = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '"' {
			return -1
		}
		return r
	}, name)
	switch name {
	case "", ".", "..", "/":
		return "file"
	}
	if rs := []rune(name); len(rs) > maxName {
		name = string(rs[:maxName])
	}
	return name
}

// Get returns one file's facts, or a NotFound fault.
func (s *Service) Get(ctx context.Context, a domain.Actor, id domain.MediaID) (domain.Media, error) {
	if err := s.cfg.Access.Check(a, permit.Media, permit.Read); err != nil {
		return domain.Media{}, err
	}
	m, err := s.cfg.Store.Media().Get(ctx, a.Organization, id)
	if errors.Is(err, fault.ErrNotFound) {
		return m, fault.Missing("media")
	}
	if err != nil {
		return m, fmt.Errorf("media %s: %w", id, err)
	}
	return m, nil
}

// List returns the files of the actor's organization, the newest first.
func (s *Service) List(ctx context.Context, a domain.Actor, p store.Page) ([]domain.Media, error) {
	if err := s.cfg.Access.Check(a, permit.Media, permit.Read); err != nil {
		return nil, err
	}
	if err := access.CheckWhole(a); err != nil {
		return nil, err
	}
	out, err := s.cfg.Store.Media().List(ctx, a.Organization, p)
	if err != nil {
		return nil, fmt.Errorf("list media: %w", err)
	}
	return out, nil
}

// Open returns the bytes of m from the start. The caller closes it.
func (s *Service) Open(ctx context.Context, m domain.Media) (io.ReadSeekCloser, error) {
	r, err := s.cfg.Blobs.Open(ctx, m.Key)
	if err != nil {
		return nil, fmt.Errorf("open media %s: %w", m.ID, err)
	}
	return r, nil
}

// Delete removes a file. One that a post still needs is a Conflict fault.
func (s *Service) Delete(ctx context.Context, a domain.Actor, id domain.MediaID) error {
	m, err := s.Get(ctx, a, id)
	if err != nil {
		return err
	}
	if err := s.cfg.Access.CheckOwned(a, permit.Media, permit.Delete, m.CreatedBy); err != nil {
		return err
	}
	now := domain.Instant(s.cfg.Now())
	err = s.cfg.Store.InTx(ctx, func(ctx context.Context, r store.Repos) error {
		if err := unused(ctx, r, a.Organization, id); err != nil {
			return err
		}
		if err := r.Media().Delete(ctx, a.Organization, id); err != nil {
			return err
		}
		return s.cfg.Journal.Append(ctx, r, journal.Media(m, domain.EventMediaDeleted, now))
	})
	if err != nil {
		return fmt.Errorf("delete media %s: %w", id, err)
	}
	s.drop(ctx, m.Key)
	return nil
}

// DeleteAll removes all files of an organization, whatever needs them. It asks
// for no right: it is for the end of the organization. It may be repeated.
func (s *Service) DeleteAll(ctx context.Context, org domain.OrganizationID) error {
	for {
		files, err := s.cfg.Store.Media().List(ctx, org, store.Page{Limit: inUseBatch})
		if err != nil || len(files) == 0 {
			return err
		}
		for _, m := range files {
			// The bytes first: without the row, nobody would find them again.
			if err := s.cfg.Blobs.Delete(ctx, m.Key); err != nil {
				return fmt.Errorf("delete media %s: %w", m.ID, err)
			}
			if err := s.cfg.Store.Media().Delete(ctx, org, m.ID); err != nil && !errors.Is(err, fault.ErrNotFound) {
				return fmt.Errorf("delete media %s: %w", m.ID, err)
			}
		}
	}
}

// unused returns a Conflict fault if a draft, or a post that has not gone out,
// needs the file.
func unused(ctx context.Context, r store.Repos, org domain.OrganizationID, id domain.MediaID) error {
	waiting := store.PostFilter{Deliveries: []domain.DeliveryState{
		domain.DeliveryScheduled, domain.DeliveryPreparing, domain.DeliveryPublishing, domain.DeliveryProcessing,
		domain.DeliveryBlocked, domain.DeliveryUnknown, domain.DeliveryFailed, domain.DeliveryMissed,
	}}
	for _, f := range []store.PostFilter{waiting, {State: domain.PostDraft}} {
		if err := unusedBy(ctx, r, org, id, f); err != nil {
			return err
		}
	}
	return nil
}

func unusedBy(ctx context.Context, r store.Repos, org domain.OrganizationID, id domain.MediaID, f store.PostFilter) error {
	f.Limit = inUseBatch
	for {
		posts, err := r.Posts().List(ctx, org, f)
		if err != nil {
			return err
		}
		for _, p := range posts {
			if uses(p, id) {
				return fault.New(fault.Conflict, "media_in_use", "The post %s still needs this file. Remove it there first.", p.ID)
			}
		}
		if len(posts) < inUseBatch {
			return nil
		}
		last := posts[len(posts)-1]
		f.After = store.Position{At: store.ListTime(last), ID: string(last.ID)}
	}
}

func uses(p domain.Post, id domain.MediaID) bool {
	lists := [][]domain.Item{p.Items}
	for _, t := range p.Targets {
		lists = append(lists, t.Items)
	}
	for _, items := range lists {
		for _, it := range items {
			for _, at := range it.Media {
				if at.Media == id {
					return true
				}
			}
		}
	}
	return false
}

// Public reports whether files have addresses that platforms can fetch.
func (s *Service) Public() bool { return s.cfg.PublicURL != nil }

// ForProvider returns m as a provider gets it, with alt in place of the stored
// description if it is set.
func (s *Service) ForProvider(m domain.Media, alt string) social.Media {
	if alt == "" {
		alt = m.Alt
	}
	return social.Media{
		Kind: m.Kind, MIME: m.MIME, Bytes: m.Bytes, Name: m.Name, Width: m.Width, Height: m.Height,
		Alt: alt, Source: source{s: s, m: m},
	}
}

type source struct {
	s *Service
	m domain.Media
}

// Open implements social.Source.
func (o source) Open(ctx context.Context) (io.ReadCloser, error) { return o.s.Open(ctx, o.m) }

// PublicURL implements social.Source.
func (o source) PublicURL(ctx context.Context) (string, error) {
	if o.s.cfg.PublicURL == nil {
		return "", social.Errorf(social.CodeUnsupported, "This platform fetches files by their address, and this installation has no public one.")
	}
	return o.s.cfg.PublicURL(ctx, o.m)
}
