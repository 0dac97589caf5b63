// Package secrets keeps the secrets that a server makes for itself at its first
// start, so that a self-hoster has nothing to invent. They lie in a folder of
// their own, readable by the server's user alone.
package secrets

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// The files in the folder.
const (
	JWTFile  = "jwt_secret"
	KeysFile = "encryption_keys"
)

// Secrets are the generated secrets. They never print themselves.
type Secrets struct {
	// JWT signs the tokens of people who are signed in.
	JWT string
	// EncryptionKeys seals stored tokens, in the form of the setting
	// ENCRYPTION_KEYS. An operator who replaces a key puts the new one before
	// the old in the file.
	EncryptionKeys string
	// Created lists the files that this call made. A server should tell its
	// operator about them, because new keys cannot read what old ones sealed.
	Created []string
}

// String keeps the secrets out of %v and %s.
func (Secrets) String() string { return "[redacted]" }

// GoString keeps the secrets out of %#v.
func (Secrets) GoString() string { return "[redacted]" }

// Load reads the secrets in dir and makes those that are not there from rand.
// It may be called by several processes at once: all get the same secrets. A
// folder that cannot be written is fine as long as both files are there. It
// refuses files that other users can read, and files without content.
func Load(dir string, rand io.Reader) (Secrets, error) {
	var s Secrets
	jwt, errJWT := s.ensure(filepath.Join(dir, JWTFile), func() (string, error) {
		b, err := random(rand, 64)
		return hex.EncodeToString(b), err
	})
	keys, errKeys := s.ensure(filepath.Join(dir, KeysFile), func() (string, error) {
		b, err := random(rand, 32)
		return "k1:" + base64.StdEncoding.EncodeToString(b), err
	})
	if err := errors.Join(errJWT, errKeys); err != nil {
		return Secrets{}, err
	}
	s.JWT, s.EncryptionKeys = jwt, keys
	return s, nil
}

func random(rand io.Reader, n int) ([]byte, error) {
	b := make([]byte, n)
	if _, err := io.ReadFull(rand, b); err != nil {
		return nil, fmt.Errorf("no randomness for a secret: %w", err)
	}
	return b, nil
}

// ensure reads the secret in file, after making it if it is not there.
func (s *Secrets) ensure(file string, generate func() (string, error)) (string, error) {
	value, err := read(file)
	if !errors.Is(err, fs.ErrNotExist) {
		return value, err
	}
	value, err = generate()
	if err != nil {
		return "", err
	}
	created, err := publish(file, value)
	if err != nil {
		return "", fmt.Errorf("the secret %s is not there and cannot be made; let the server's user write to the folder, "+
			"or set JWT_SECRET and ENCRYPTION_KEYS: %w", file, err)
	}
	if created {
		s.Created = append(s.Created, file)
	}
	// Another process may have been faster: the file decides.
	return read(file)
}

// read returns the secret in file. It is fs.ErrNotExist if there is none.
func read(file string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer f.Close() //nolint:errcheck // nothing was written
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("the secret %s is not an ordinary file", file)
	}
	if mode := info.Mode().Perm(); exposed(mode) {
		return "", fmt.Errorf("the secret %s can be read or changed by other users (mode %04o); run: chmod 600 '%s'", file, mode, file)
	}
	b, err := io.ReadAll(io.LimitReader(f, 64<<10))
	if err != nil {
		return "", err
	}
	value := strings.TrimSpace(string(b))
	if value == "" {
		return "", fmt.Errorf("the secret %s is empty; put it back from a backup, or remove the file to get a new one "+
			"(what the old one sealed or signed is lost then)", file)
	}
	return value, nil
}

// publish makes file with value as its whole content, if it is not there yet,
// and reports whether it did. The file appears complete and on disk, or not at
// all: a link to a finished file fails where the name is taken, while a rename
// would replace what another process made.
func publish(file, value string) (created bool, err error) {
	dir := filepath.Dir(file)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return false, err
	}
	tmp, err := os.CreateTemp(dir, ".new-*") // mode 0600, O_EXCL
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, os.Remove(tmp.Name())) }()
	_, err = tmp.WriteString(value + "\n")
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return false, err
	}
	err = claim(tmp.Name(), file, value)
	if errors.Is(err, fs.ErrExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, syncDir(dir)
}

// claim gives the finished file tmp the name file, or fs.ErrExist if the name
// is taken.
func claim(tmp, file, value string) error {
	err := os.Link(tmp, file)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	// Some file systems have no links. There the file is made under its name at
	// once; a process that starts in the same moment may find it unfinished and
	// has to be started again.
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(value + "\n")
	return errors.Join(err, f.Sync(), f.Close())
}

// exposed reports whether others than the owner can use a file of this mode.
// Windows has no such modes.
func exposed(mode fs.FileMode) bool {
	return runtime.GOOS != "windows" && mode&0o077 != 0
}

// syncDir makes the new name in dir survive a crash. Windows cannot and need
// not do this.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	return errors.Join(err, d.Close())
}
