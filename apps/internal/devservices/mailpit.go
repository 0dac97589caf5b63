package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/crierhq/crier/apps/internal/freeport"
)

// mailpit starts a fresh mail server whose mails can be read over HTTP. It is a
// Go program, which is built once for each version, in a module of its own.
type mailpit struct{}

// mailpitModule is the folder of the module that pins the version.
const mailpitModule = "apps/internal/devservices/mailpit"

func (mailpit) name() string { return "mailpit" }

// variable holds the address of its API, with the port of its SMTP server as
// smtp, and the file of the certificate that this shows for STARTTLS as ca. It
// takes mails to example.com, example.net, example.org and what is below these
// only, and any user.
func (mailpit) variable() string { return "TEST_MAILPIT_URL" }

func (m mailpit) start(ctx context.Context, say func(string, ...any)) (string, func(), error) {
	bin, err := m.program(ctx, say)
	if err != nil {
		return "", nil, err
	}
	dir, err := os.MkdirTemp("", "crier-mailpit-")
	if err != nil {
		return "", nil, err
	}
	clean := func() { _ = os.RemoveAll(dir) }
	if err := m.certificate(dir); err != nil {
		clean()
		return "", nil, err
	}
	var api, smtp int
	var c child
	err = c.run(ctx, func(ctx context.Context) (*exec.Cmd, error) {
		var errAPI, errSMTP error
		api, errAPI = freeport.Find(ctx)
		smtp, errSMTP = freeport.Find(ctx)
		if err := errors.Join(errAPI, errSMTP); err != nil {
			return nil, err
		}
		return exec.CommandContext(context.WithoutCancel(ctx), bin,
			"--listen", loopback(api), "--smtp", loopback(smtp), "--database", filepath.Join(dir, "mails.db"),
			"--smtp-tls-cert", filepath.Join(dir, "cert.pem"), "--smtp-tls-key", filepath.Join(dir, "key.pem"),
			"--smtp-auth-accept-any", "--smtp-auth-allow-insecure", "--smtp-disable-rdns", "--enable-chaos",
			"--smtp-allowed-recipients", `[@.]example\.(com|net|org)$`), nil
	}, func(ctx context.Context) bool { return livez(ctx, api) })
	if err != nil {
		clean()
		return "", nil, err
	}
	say("Mailpit is ready on the ports %d (SMTP) and %d (HTTP)", smtp, api)
	stop := func() {
		c.stop()
		clean()
		say("Mailpit is stopped and its mails removed")
	}
	query := url.Values{"smtp": {strconv.Itoa(smtp)}, "ca": {filepath.Join(dir, "cert.pem")}}
	return "http://" + loopback(api) + "?" + query.Encode(), stop, nil
}

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// livez reports whether the API answers.
func livez(ctx context.Context, port int) bool {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+loopback(port)+"/livez", http.NoBody)
	if err != nil {
		return false
	}
	res, err := (&http.Client{}).Do(req)
	if err != nil {
		return false
	}
	_ = res.Body.Close()
	return res.StatusCode == http.StatusOK
}

// program returns the path of mailpit, and builds it where this version was
// never built.
func (m mailpit) program(ctx context.Context, say func(string, ...any)) (string, error) {
	dir, version, err := m.module(ctx)
	if err != nil {
		return "", err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	bin := filepath.Join(cache, "crier", "mailpit-"+version)
	if _, err := os.Stat(bin); err == nil {
		return bin, nil
	}
	if err := os.MkdirAll(filepath.Dir(bin), 0o755); err != nil {
		return "", err
	}
	say("building Mailpit %s, once for this version", version)
	// Built elsewhere and moved, so that two who build at once do no harm.
	half := fmt.Sprintf("%s.%d", bin, os.Getpid())
	defer os.Remove(half) //nolint:errcheck // it is gone if all went well
	cmd := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-o", half, "github.com/axllent/mailpit")
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building it: %w\n%s", err, tail(out, 20))
	}
	return bin, os.Rename(half, bin)
}

// module finds the folder of its module, and which version that pins.
func (mailpit) module(ctx context.Context) (dir, version string, err error) {
	root, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	if err != nil {
		return "", "", fmt.Errorf("finding the repository: %w", err)
	}
	dir = filepath.Join(filepath.Dir(strings.TrimSpace(string(root))), filepath.FromSlash(mailpitModule))
	cmd := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Version}}", "github.com/axllent/mailpit")
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		return "", "", fmt.Errorf("finding its version in %s: %w", dir, err)
	}
	return dir, strings.TrimSpace(string(out)), nil
}

// certificate makes a certificate for this machine that is its own authority.
func (mailpit) certificate(dir string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour),
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	for name, block := range map[string]*pem.Block{
		"cert.pem": {Type: "CERTIFICATE", Bytes: cert}, "key.pem": {Type: "PRIVATE KEY", Bytes: secret},
	} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			return err
		}
	}
	return nil
}
