// Package debian fetches packages of Debian without installing them, for servers
// and programs that others wrote.
package debian

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/crierhq/crier/testkit/peers"
)

// release is the one whose packages are fetched. Another one is another test.
const release = "bookworm"

// The suites of the release.
const (
	Main      = ""
	Backports = "-backports"
)

// Fetch makes sure that packages, each as name=version, are unpacked in the
// user's cache under name, and returns the folder that stands for the root of a
// file system. It appears only once it is complete, so name should have a
// version in it. It needs Debian's apt-get and dpkg, and the mirror that the
// machine uses anyway; nothing is installed. It may be repeated, also by several
// processes at once.
func Fetch(ctx context.Context, name, suite string, packages ...string) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	parent := filepath.Join(cache, "crier", "peers")
	home := filepath.Join(parent, name)
	if isFolder(home) {
		return home, nil
	}
	for _, tool := range []string{"apt-get", "dpkg"} {
		if _, err := exec.LookPath(tool); err != nil {
			return "", err
		}
	}
	if err := os.MkdirAll(parent, 0o750); err != nil {
		return "", err
	}
	work, err := os.MkdirTemp(parent, "fetching-")
	if err != nil {
		return "", err
	}
	defer func() { _ = os.RemoveAll(work) }()
	if err := download(ctx, work, suite, packages); err != nil {
		return "", err
	}
	if err := os.Rename(filepath.Join(work, "root"), home); err != nil && !isFolder(home) {
		return "", err // and no other process was faster
	}
	return home, nil
}

// download unpacks packages into dir/root. apt-get works with lists and a cache
// of its own below dir, so the machine stays as it is; mirror, keys and proxy are
// the machine's.
func download(ctx context.Context, dir, suite string, packages []string) error {
	m, err := mirrorIn(os.DirFS("/etc/apt"))
	if err != nil {
		return err
	}
	list := filepath.Join(dir, "sources.list")
	if err := os.WriteFile(list, []byte(m.line(suite)), 0o600); err != nil {
		return err
	}
	for _, d := range []string{"lists/partial", "cache/archives/partial"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o750); err != nil {
			return err
		}
	}
	apt := func(args ...string) error {
		return peers.Fetch(ctx, dir, "apt-get", append([]string{
			"-q", "-o", "Dir::Etc::sourcelist=" + list, "-o", "Dir::Etc::sourceparts=-",
			"-o", "Dir::State::lists=" + filepath.Join(dir, "lists"), "-o", "Dir::Cache=" + filepath.Join(dir, "cache"),
			"-o", "APT::Sandbox::User=", "-o", "Acquire::Retries=2",
		}, args...)...)
	}
	if err := errors.Join(apt("update"), apt(append([]string{"download"}, packages...)...)); err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.deb"))
	if err != nil || len(files) != len(packages) {
		return errors.Join(fmt.Errorf("apt-get download left %d files of %d", len(files), len(packages)), err)
	}
	for _, file := range files {
		if err := peers.Fetch(ctx, dir, "dpkg", "-x", file, filepath.Join(dir, "root")); err != nil {
			return err
		}
	}
	return nil
}

func isFolder(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}
