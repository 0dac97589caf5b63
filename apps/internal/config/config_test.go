package config_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/crierhq/crier/apps/internal/config"
)

func noFiles(name string) ([]byte, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

func files(content map[string]string) func(string) ([]byte, error) {
	return func(name string) ([]byte, error) {
		if s, ok := content[name]; ok {
			return []byte(s), nil
		}
		return noFiles(name)
	}
}

func key(fill byte) string {
	return base64.StdEncoding.EncodeToString(slices.Repeat([]byte{fill}, config.KeyBytes))
}

func load(t *testing.T, environ ...string) config.Config {
	t.Helper()
	c, err := config.Load(environ, noFiles)
	if err != nil {
		t.Fatalf("Load(%q): %v", environ, err)
	}
	return c
}

func TestDefaultsAreComplete(t *testing.T) {
	t.Parallel()
	got := load(t)
	if len(got.Warnings) != 0 {
		t.Errorf("got warnings %q, want none", got.Warnings)
	}
	want := map[string][2]any{
		"address":       {got.Server.Address(), "0.0.0.0:3000"},
		"public URL":    {got.Server.PublicURL, "http://localhost:3000"},
		"shutdown":      {got.Server.ShutdownTimeout, 20 * time.Second},
		"data":          {got.Storage.DataDir, "./data"},
		"upload":        {got.Storage.MaxUploadBytes, config.Size(1 << 30)},
		"registration":  {got.Accounts.Registration, config.RegistrationOpen},
		"worker":        {got.Publisher.Worker, true},
		"feeds":         {got.Publisher.HostFeeds, true},
		"concurrency":   {got.Publisher.Concurrency, 512},
		"poll":          {got.Publisher.PollInterval, time.Second},
		"attempts":      {got.Publisher.Attempts, 3},
		"backoff":       {got.Publisher.Backoff, 2 * time.Second},
		"timeout":       {got.Publisher.Timeout, time.Minute},
		"late window":   {got.Publisher.LateWindow, 6 * time.Hour},
		"lease":         {got.Publisher.Lease, time.Minute},
		"JWT secret":    {got.Secrets.JWTSecret, config.Secret("")},
		"number of own": {len(got.Network.AllowPrivate), 0},
		"log level":     {got.Log.Level, "info"},
		"log format":    {got.Log.Format, config.LogText},
	}
	for name, pair := range want {
		if pair[0] != pair[1] {
			t.Errorf("%s: got %v, want %v", name, pair[0], pair[1])
		}
	}
}

func TestDatabaseNamesDriverAndAddress(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		environ []string
		driver  config.Driver
		address string
	}{
		"nothing set":   {[]string{"DATA_DIR=/srv/crier"}, config.SQLite, filepath.Join("/srv/crier", "crier.db")},
		"empty":         {[]string{"DATABASE_URL=", "DATA_DIR=/d"}, config.SQLite, filepath.Join("/d", "crier.db")},
		"sqlite":        {[]string{"DATABASE_URL=sqlite:///var/x.db"}, config.SQLite, "/var/x.db"},
		"postgres":      {[]string{"DATABASE_URL=postgres://u:p@h:5/n"}, config.Postgres, "postgres://u:p@h:5/n"},
		"other scheme":  {[]string{"DATABASE_URL=postgresql://h/n"}, config.Postgres, "postgresql://h/n"},
		"socket folder": {[]string{"DATABASE_URL=postgres:///n?host=/run/pg"}, config.Postgres, "postgres:///n?host=/run/pg"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			driver, address := load(t, tc.environ...).Storage.Database()
			if driver != tc.driver || address != tc.address {
				t.Errorf("got %s %s, want %s %s", driver, address, tc.driver, tc.address)
			}
		})
	}
}

func TestValuesAreRead(t *testing.T) {
	t.Parallel()
	c := load(t,
		"PORT=0", "BIND_ADDRESS=::1", "PUBLIC_URL=https://Crier.Example.org:8443/", "MAX_UPLOAD_BYTES=512mb",
		"WORKER=off", "REGISTRATION=open", "ALLOW_PRIVATE_NETWORKS=192.168.1.7/24, 10.1.2.3",
		"ENCRYPTION_KEYS=new:"+key(1)+", old:"+key(2), "LOG_FORMAT=json",
		"TRUSTED_PROXIES=172.16.0.0/12", "RATE_LIMIT_USER=0", "RATE_LIMIT_SIGN_IN=5",
		"CORS_ORIGINS=https://App.example/, http://localhost:5173")
	want := map[string][2]any{
		"address":      {c.Server.Address(), "[::1]:0"},
		"public URL":   {c.Server.PublicURL, "https://crier.example.org:8443"},
		"upload":       {c.Storage.MaxUploadBytes, config.Size(512_000_000)},
		"worker":       {c.Publisher.Worker, false},
		"registration": {c.Accounts.Registration, config.RegistrationOpen},
		"networks": {
			fmt.Sprint(c.Network.AllowPrivate),
			fmt.Sprint([]netip.Prefix{netip.MustParsePrefix("192.168.1.0/24"), netip.MustParsePrefix("10.1.2.3/32")}),
		},
		"keys":        {c.Secrets.EncryptionKeys.String(), "set (new, old)"},
		"proxies":     {fmt.Sprint(c.Server.TrustedProxies), "[172.16.0.0/12]"},
		"origins":     {fmt.Sprint(c.Server.Origins), "[https://app.example http://localhost:5173]"},
		"rate limits": {c.RateLimits, config.RateLimits{Address: 1200, SignIn: 5, Key: 100, Costly: 60, Organization: 3000}},
		"newest key":  {c.Secrets.EncryptionKeys[0].Bytes[0], byte(1)},
		"log format":  {c.Log.Format, config.LogJSON},
	}
	for name, pair := range want {
		if pair[0] != pair[1] {
			t.Errorf("%s: got %v, want %v", name, pair[0], pair[1])
		}
	}
}

// TestProblemsNameTheVariable holds one row for everything that can be wrong
// with one value. The last text is a part of the message or of the fix.
func TestProblemsNameTheVariable(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ set, variable, want string }{
		"double quotes":         {`DATABASE_URL="postgres://h/n"`, "DATABASE_URL", "has quotes around it"},
		"single quotes":         {`DATA_DIR='/data'`, "DATA_DIR", "has quotes around it"},
		"only quotes":           {`JWT_SECRET=""`, "JWT_SECRET", "only quotes"},
		"one quote":             {`JWT_SECRET="`, "JWT_SECRET", "only quotes"},
		"blank":                 {"JWT_SECRET=  ", "JWT_SECRET", "blank"},
		"space at the end":      {"PUBLIC_URL=https://a.example ", "PUBLIC_URL", "space or a line break"},
		"not UTF-8":             {"DATA_DIR=\xff", "DATA_DIR", "not valid text"},
		"no number":             {"PORT=http", "PORT", "a whole number, from 0 to 65535"},
		"number too large":      {"PORT=70000", "PORT", "out of range"},
		"negative number":       {"PORT=-1", "PORT", "out of range"},
		"no address":            {"BIND_ADDRESS=*", "BIND_ADDRESS", "an IP address such as"},
		"no truth value":        {"WORKER=maybe", "WORKER", "true or false"},
		"no unit":               {"LEASE=60", "LEASE", "no unit"},
		"no duration":           {"LEASE=soon", "LEASE", "a duration such as 30s"},
		"duration too short":    {"LEASE=1s", "LEASE", "from 5s to 1h"},
		"lease below poll":      {"LEASE=5s\nPOLL_INTERVAL=5s", "LEASE", "not longer than POLL_INTERVAL"},
		"no size":               {"MAX_UPLOAD_BYTES=big", "MAX_UPLOAD_BYTES", "512MB or 1GiB"},
		"size too small":        {"MAX_UPLOAD_BYTES=1", "MAX_UPLOAD_BYTES", "at least 1KiB"},
		"no choice":             {"REGISTRATION=anyone", "REGISTRATION", "one of open, first, closed"},
		"no range":              {"ALLOW_PRIVATE_NETWORKS=lan", "ALLOW_PRIVATE_NETWORKS", `"lan" is not an address range`},
		"short secret":          {"JWT_SECRET=hunter2", "JWT_SECRET", "only 7 characters"},
		"key without id":        {"ENCRYPTION_KEYS=" + key(1), "ENCRYPTION_KEYS", "no id before a colon"},
		"key with odd id":       {"ENCRYPTION_KEYS=a b:" + key(1), "ENCRYPTION_KEYS", "id of entry 1"},
		"key id twice":          {"ENCRYPTION_KEYS=a:" + key(1) + ",a:" + key(2), "ENCRYPTION_KEYS", "there twice"},
		"key not base64":        {"ENCRYPTION_KEYS=a:hunter2", "ENCRYPTION_KEYS", "not base64"},
		"key too short":         {"ENCRYPTION_KEYS=a:aHVudGVyMg==", "ENCRYPTION_KEYS", "7 bytes instead of 32"},
		"public URL no scheme":  {"PUBLIC_URL=crier.example", "PUBLIC_URL", "does not begin with"},
		"public URL ftp":        {"PUBLIC_URL=ftp://crier.example", "PUBLIC_URL", "does not begin with"},
		"public URL no host":    {"PUBLIC_URL=https://", "PUBLIC_URL", "names no host"},
		"public URL colon":      {"PUBLIC_URL=https://crier.example:", "PUBLIC_URL", "colon without a port"},
		"public URL path":       {"PUBLIC_URL=https://crier.example/app", "PUBLIC_URL", "after the host"},
		"public URL query":      {"PUBLIC_URL=https://crier.example?", "PUBLIC_URL", "after the host"},
		"public URL fragment":   {"PUBLIC_URL=https://crier.example#", "PUBLIC_URL", "after the host"},
		"public URL user":       {"PUBLIC_URL=https://hunter2@crier.example", "PUBLIC_URL", "user name"},
		"public URL nonsense":   {"PUBLIC_URL=https://[", "PUBLIC_URL", "not an address"},
		"database no address":   {"DATABASE_URL=crier.db", "DATABASE_URL", "not an address"},
		"database MySQL":        {"DATABASE_URL=mysql://h/n", "DATABASE_URL", `kind "mysql" are not supported`},
		"SQLite relative":       {"DATABASE_URL=sqlite://data/crier.db", "DATABASE_URL", "three slashes"},
		"SQLite folder":         {"DATABASE_URL=sqlite:///data/", "DATABASE_URL", "absolute path"},
		"SQLite options":        {"DATABASE_URL=sqlite:///d.db?mode=ro", "DATABASE_URL", "without options"},
		"PostgreSQL no host":    {"DATABASE_URL=postgres:///n", "DATABASE_URL", "no host"},
		"PostgreSQL no name":    {"DATABASE_URL=postgres://h:5432", "DATABASE_URL", "no database"},
		"PostgreSQL no port":    {"DATABASE_URL=postgres://h:/n", "DATABASE_URL", "colon without a port"},
		"PostgreSQL unescaped":  {"DATABASE_URL=postgres://u:hunter2#x@h/n", "DATABASE_URL", "# is %23"},
		"Redis no address":      {"REDIS_URL=localhost:6379", "REDIS_URL", "not an address"},
		"Redis quoted":          {`REDIS_URL="redis://h"`, "REDIS_URL", "has quotes around it"},
		"Redis blank":           {"REDIS_URL=  ", "REDIS_URL", "blank"},
		"Redis scheme":          {"REDIS_URL=http://u:hunter2@h", "REDIS_URL", "redis:// or rediss://"},
		"Redis no host":         {"REDIS_URL=redis://:hunter2@/0", "REDIS_URL", "names no host"},
		"Redis unescaped":       {"REDIS_URL=redis://:hunter2#x@h", "REDIS_URL", "# is %23"},
		"Redis database":        {"REDIS_URL=redis://:hunter2@h/main", "REDIS_URL", "number of the database"},
		"Redis option":          {"REDIS_URL=redis://:hunter2@h/0?hunter2=1", "REDIS_URL", "an option"},
		"mail server http":      {"MAIL_FROM=a@b.example\nSMTP_URL=http://u:hunter2@h", "SMTP_URL", "smtp:// or smtps://"},
		"mail server clear":     {"MAIL_FROM=a@b.example\nSMTP_URL=smtp://u:hunter2@h?tls=off", "SMTP_URL", "without TLS"},
		"two ways to mail":      {"MAIL_FROM=a@b.example\nSMTP_URL=smtp://h\nRESEND_API_KEY=hunter2", "RESEND_API_KEY", "beside SMTP_URL"},
		"mail from nobody":      {"SMTP_URL=smtp://u:hunter2@h", "MAIL_FROM", "It is empty"},
		"mail from nonsense":    {"MAIL_FROM=Crier", "MAIL_FROM", "not an e-mail address"},
		"verification":          {"REQUIRE_EMAIL_VERIFICATION=maybe", "REQUIRE_EMAIL_VERIFICATION", "one of auto, true, false"},
		"none and others":       {"WORKER_PROVIDERS=none,feed", "WORKER_PROVIDERS", "none alone"},
		"nothing to do":         {"WORKER_PROVIDERS=none\nWORKER_JOBS=none", "WORKER_JOBS", "nothing to do"},
		"value and file":        {"PORT=1\nPORT_FILE=/p", "PORT", "PORT_FILE is set as well"},
		"file not there":        {"PORT_FILE=/hunter2", "PORT_FILE", "cannot be read: file does not exist"},
		"file path quoted":      {`PORT_FILE="/p"`, "PORT_FILE", "The path has quotes"},
		"any origin":            {`CORS_ORIGINS=*`, "CORS_ORIGINS", "not an origin"},
		"an origin with a path": {`CORS_ORIGINS=https://a.example,https://b.example/app`, "CORS_ORIGINS", "something after the host"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := config.Load(strings.Split(tc.set, "\n"), noFiles)
			problems, ok := errors.AsType[config.Problems](err)
			if !ok || len(problems) != 1 {
				t.Fatalf("got %v, want one problem", err)
			}
			p := problems[0]
			if p.Variable != tc.variable || !strings.Contains(p.Message+" "+p.Fix, tc.want) {
				t.Errorf("got %+v, want %s with %q", p, tc.variable, tc.want)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error quotes a secret: %v", err)
			}
		})
	}
}

func TestAllProblemsAtOnce(t *testing.T) {
	t.Parallel()
	_, err := config.Load([]string{
		"PORT=x", `DATABASE_URL="a"`, "PUBLIC_URL=ftp://a", "LEASE=1", "JWT_SECRET=short", "LOG_LEVEL=loud", "DATA_DIR_FILE=/no",
	}, noFiles)
	problems, _ := errors.AsType[config.Problems](err)
	var got []string
	for _, p := range problems {
		got = append(got, p.Variable)
		if p.Message == "" || p.Fix == "" {
			t.Errorf("got %+v, want a message and a fix", p)
		}
		if !strings.Contains(err.Error(), p.Variable+": "+p.Message+" "+p.Fix) {
			t.Errorf("%s is not in %q", p.Variable, err)
		}
	}
	slices.Sort(got)
	want := []string{"DATABASE_URL", "DATA_DIR_FILE", "JWT_SECRET", "LEASE", "LOG_LEVEL", "PORT", "PUBLIC_URL"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestFilesHoldValues(t *testing.T) {
	t.Parallel()
	secret := strings.Repeat("s", 64)
	cases := map[string]struct {
		content string
		want    config.Secret
		problem string
	}{
		"as it is":          {secret, config.Secret(secret), ""},
		"line feed":         {secret + "\n", config.Secret(secret), ""},
		"carriage return":   {secret + "\r\n", config.Secret(secret), ""},
		"two line feeds":    {secret + "\n\n", "", "line break"},
		"quoted":            {`"` + secret + `"` + "\n", "", "has quotes"},
		"empty":             {"", "", "is empty"},
		"only a line feed":  {"\n", "", "is empty"},
		"blank":             {"  \n", "", "is blank"},
		"too short a value": {"hunter2", "", "only 7 characters"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := config.Load([]string{"JWT_SECRET=", "JWT_SECRET_FILE=/run/jwt"}, files(map[string]string{"/run/jwt": tc.content}))
			switch {
			case tc.problem == "" && err != nil:
				t.Fatalf("got %v, want no error", err)
			case tc.problem != "" && (err == nil || !strings.Contains(err.Error(), tc.problem)):
				t.Fatalf("got %v, want %q", err, tc.problem)
			}
			if c.Secrets.JWTSecret != tc.want {
				t.Errorf("got %s, want %s", c.Secrets.JWTSecret, tc.want)
			}
			if err != nil && strings.Contains(err.Error(), secret) {
				t.Error("the error quotes the secret")
			}
		})
	}
}

func TestWarnings(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ set, want string }{
		"letter left out":      {"DATABSE_URL=x", "Did you mean DATABASE_URL?"},
		"neighbours swapped":   {"PROT=1", "Did you mean PORT?"},
		"lower case":           {"data_dir=/d", "Did you mean DATA_DIR?"},
		"plural":               {"ENCRYPTION_KEY=x", "Did you mean ENCRYPTION_KEYS?"},
		"file":                 {"JWT_SECRT_FILE=/x", "Did you mean JWT_SECRET_FILE?"},
		"no typo of short one": {"HOST=a", ""},
		"another program's":    {"LESS=-R", ""},
		"far away":             {"DATABASE=x", ""},
		"plain http":           {"PUBLIC_URL=http://crier.example", "passwords travel unencrypted"},
		"http on loopback":     {"PUBLIC_URL=http://127.0.0.1:3000", ""},
		"http on localhost":    {"PUBLIC_URL=http://localhost", ""},
		"https":                {"PUBLIC_URL=https://crier.example", ""},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := strings.Join(load(t, tc.set).Warnings, "\n")
			if tc.want == "" && got != "" || !strings.Contains(got, tc.want) {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

type providerConfig struct {
	AppID   string        `env:"MURMUR_APP_ID" required:"true"`
	Secret  string        `env:"MURMUR_SECRET" required:"true" secret:"true"`
	Name    string        `env:"MURMUR_NAME" default:"Crier"`
	Timeout time.Duration `env:"MURMUR_TIMEOUT" default:"10s"`
	Hosts   []string      `env:"MURMUR_HOSTS"`
	Beta    bool          `env:"MURMUR_BETA"`
	Ignored func()
}

func TestLoadIntoProvider(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		environ []string
		want    providerConfig
		missing []string
		problem string
	}{
		"nothing": {nil, providerConfig{Name: "Crier", Timeout: 10 * time.Second}, []string{"MURMUR_APP_ID", "MURMUR_SECRET"}, ""},
		"empty is missing": {
			[]string{"MURMUR_APP_ID=a", "MURMUR_SECRET="},
			providerConfig{AppID: "a", Name: "Crier", Timeout: 10 * time.Second},
			[]string{"MURMUR_SECRET"},
			"",
		},
		"all": {
			[]string{"MURMUR_APP_ID=a", "MURMUR_SECRET_FILE=/s", "MURMUR_NAME=N", "MURMUR_TIMEOUT=1s", "MURMUR_HOSTS=a, b,", "MURMUR_BETA=yes"},
			providerConfig{AppID: "a", Secret: "from file", Name: "N", Timeout: time.Second, Hosts: []string{"a", "b"}, Beta: true},
			nil, "",
		},
		"wrong": {
			[]string{"MURMUR_APP_ID=a", "MURMUR_SECRET='s'", "MURMUR_TIMEOUT=1"},
			providerConfig{AppID: "a", Name: "Crier"},
			nil, "2 settings need a change",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got providerConfig
			missing, err := config.LoadInto(tc.environ, files(map[string]string{"/s": "from file\n"}), &got, "")
			if tc.problem == "" && err != nil || tc.problem != "" && (err == nil || !strings.Contains(err.Error(), tc.problem)) {
				t.Fatalf("got error %v, want %q", err, tc.problem)
			}
			if !reflect.DeepEqual(got, tc.want) || !slices.Equal(missing, tc.missing) {
				t.Errorf("got %+v, missing %q; want %+v, missing %q", got, missing, tc.want, tc.missing)
			}
		})
	}
}

func TestSecretsNeverPrint(t *testing.T) {
	t.Parallel()
	const canary = "hunter2hunter2hunter2hunter2hunter2"
	c := load(t, "JWT_SECRET="+canary, "DATABASE_URL=postgres://u:"+canary+"@h/n", "REDIS_URL=redis://:"+canary+"@h", "ENCRYPTION_KEYS=k1:"+key('c'), "DATA_DIR=/srv")
	raw, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("start", "config", c, "keys", c.Secrets.EncryptionKeys, "jwt", c.Secrets.JWTSecret)
	outputs := map[string]string{
		"String": c.String(), "%v": fmt.Sprintf("%v", c), "%+v": fmt.Sprintf("%+v", c), "%#v": fmt.Sprintf("%#v", c),
		"%v of a part": fmt.Sprintf("%v %+v %#v", c.Secrets, c.Storage, c.Secrets), "JSON": string(raw), "log": log.String(),
		"%v of a key": fmt.Sprintf("%v %#v", c.Secrets.EncryptionKeys[0], c.Secrets.EncryptionKeys[0]),
	}
	for name, out := range outputs {
		if out == "" || strings.Contains(out, canary) || strings.Contains(out, key('c')) || strings.Contains(out, "cccc") {
			t.Errorf("%s: got %q, want no secret", name, out)
		}
	}
	for _, want := range []string{
		"JWT_SECRET = set (35 characters) (environment)\n", "ENCRYPTION_KEYS = set (k1) (environment)\n",
		"DATA_DIR = /srv (environment)\n", "PORT = 3000 (default)\n", "ALLOW_PRIVATE_NETWORKS = not set (default)\n",
	} {
		if !strings.Contains(c.String(), want) {
			t.Errorf("got %s, want a line %q", c.String(), want)
		}
	}
}

func TestEverySettingIsDocumented(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, g := range config.Groups() {
		if g.Title == "" || !strings.HasSuffix(g.Doc, ".") || len(g.Settings) == 0 {
			t.Errorf("group %q: got %q and %d settings, want a sentence and settings", g.Title, g.Doc, len(g.Settings))
		}
		for _, s := range g.Settings {
			if !strings.HasSuffix(s.Doc, ".") || seen[s.Name] {
				t.Errorf("%s: got doc %q (seen before: %t), want a sentence and one place", s.Name, s.Doc, seen[s.Name])
			}
			seen[s.Name] = true
		}
	}
	if len(seen) < 20 {
		t.Errorf("got %d settings, want all", len(seen))
	}
}

// TestExamplesAreValid loads every example of the documentation.
func TestExamplesAreValid(t *testing.T) {
	t.Parallel()
	var environ []string
	for _, g := range config.Groups() {
		for _, s := range g.Settings {
			if s.Example != "" {
				environ = append(environ, s.Name+"="+s.Example)
			}
		}
	}
	if c := load(t, environ...); len(environ) < 5 || len(c.Warnings) > 0 {
		t.Errorf("got %d examples and warnings %q, want examples without warnings", len(environ), c.Warnings)
	}
}

func TestParseSize(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		want config.Size
		ok   bool
	}{
		"0": {0, true}, "1048576": {1 << 20, true}, "1KiB": {1024, true}, "1kb": {1000, true}, "2 MiB": {2 << 20, true},
		"3GB": {3e9, true}, "1TiB": {1 << 40, true}, "5B": {5, true}, "9223372036854775807": {1<<63 - 1, true},
		"": {0, false}, "GiB": {0, false}, "1.5GiB": {0, false}, "-1": {0, false}, "+1": {0, false}, "1G": {0, false},
		"9223372036854775807KB": {0, false}, "8388608TiB": {0, false}, "1 KiB B": {0, false},
	}
	for in, tc := range cases {
		t.Run(in, func(t *testing.T) {
			t.Parallel()
			got, err := config.ParseSize(in)
			if got != tc.want || (err == nil) != tc.ok {
				t.Errorf("got %d, %v; want %d, ok %t", got, err, tc.want, tc.ok)
			}
		})
	}
}

func FuzzParseSize(f *testing.F) {
	for _, s := range []string{"1GiB", "512 MB", "18446744073709551616", "9007199254740993TB", "", "B", "-0"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		got, err := config.ParseSize(in)
		if err != nil {
			return
		}
		again, err := config.ParseSize(got.String())
		if got < 0 || err != nil || again != got {
			t.Errorf("%q: got %d, written %s, read %d, %v", in, got, got, again, err)
		}
	})
}

func FuzzParseKeys(f *testing.F) {
	for _, s := range []string{"k1:" + key(1), "a:" + key(1) + ",b:" + key(2), ",", ":", "k1:", "é:" + key(1)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		keys, err := config.ParseKeys(in)
		if (err == nil) != (len(keys) > 0) {
			t.Fatalf("got %d keys and %v", len(keys), err)
		}
		ids := map[string]bool{}
		for _, k := range keys {
			if ids[k.ID] || k.ID == "" || len(k.Bytes) != config.KeyBytes {
				t.Errorf("got %s with %d bytes, seen before: %t", k.ID, len(k.Bytes), ids[k.ID])
			}
			ids[k.ID] = true
		}
	})
}

func FuzzLoad(f *testing.F) {
	f.Add("LEASE", "60s", "")
	f.Add("PUBLIC_URL", "https://a.example", "")
	f.Add("DATABASE_URL", "postgres://u:p@h/n", "")
	f.Add("ALLOW_PRIVATE_NETWORKS", "10.0.0.0/8,::1", "")
	f.Add("JWT_SECRET_FILE", "/f", "\"\n")
	f.Fuzz(func(t *testing.T, name, value, content string) {
		c, err := config.Load([]string{name + "=" + value}, func(string) ([]byte, error) { return []byte(content), nil })
		if err == nil {
			_ = c.String()
			return
		}
		problems, ok := errors.AsType[config.Problems](err)
		if !ok || len(problems) == 0 {
			t.Fatalf("got %v, want problems", err)
		}
		for _, p := range problems {
			if p.Variable == "" || p.Message == "" || p.Fix == "" {
				t.Errorf("got %+v, want all three", p)
			}
		}
	})
}

func TestRealFile(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "port")
	if err := os.WriteFile(name, []byte("4000\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load([]string{"PORT_FILE=" + name}, os.ReadFile)
	if err != nil || c.Server.Port != 4000 || !strings.Contains(c.String(), "PORT = 4000 (file "+name+")") {
		t.Errorf("got %v, %v; want port 4000 from the file", c, err)
	}
}

func TestMail(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		set                  []string
		configured, required bool
		name, email          string
	}{
		"nothing":               {nil, false, false, "Crier", "crier@localhost"},
		"required all the same": {[]string{"REQUIRE_EMAIL_VERIFICATION=true"}, false, true, "Crier", "crier@localhost"},
		"a server":              {[]string{"SMTP_URL=smtp://h", "MAIL_FROM=Ann <a@b.example>"}, true, true, "Ann", "a@b.example"},
		"a service":             {[]string{"RESEND_API_KEY=re_x", "MAIL_FROM=a@b.example"}, true, true, "", "a@b.example"},
		"not required":          {[]string{"RESEND_API_KEY=re_x", "MAIL_FROM=a@b.example", "REQUIRE_EMAIL_VERIFICATION=false"}, true, false, "", "a@b.example"},
	}
	for name, c := range cases {
		got := load(t, c.set...).Mail
		from, email, err := got.Sender()
		if got.Configured() != c.configured || got.RequireVerification() != c.required || from != c.name || email != c.email || err != nil {
			t.Errorf("%s: got %t, %t, %q, %q and error %v", name, got.Configured(), got.RequireVerification(), from, email, err)
		}
	}
}
