// Package config reads the settings of the programs in apps. It is the only
// reader of the environment: everything below takes structs.
//
// The struct tags are the documentation. env names the variable, doc says what
// it is for, default and example are values in the variable's own spelling,
// secret:"true" hides the value from dumps, required:"true" says that there is
// no default, and enum, min and max bound it. docs/configuration.md and
// .env.example are generated from them.
package config

import (
	"net"
	"net/mail"
	"net/netip"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Config is everything that an operator can decide. Load returns it complete:
// defaults are filled in and every value was checked.
type Config struct {
	Server     Server     `group:"Server" doc:"How the server is reached."`
	Storage    Storage    `group:"Storage" doc:"Where posts, accounts and files are kept."`
	Secrets    Secrets    `group:"Secrets" doc:"What protects sessions and stored tokens. Both are made by the server at its first start, in the folder secrets of DATA_DIR; set them where that folder does not outlive the machine."`
	Accounts   Accounts   `group:"Accounts" doc:"Who may use this server."`
	SignIn     SignIn     `group:"Signing in with a service" doc:"Where people may prove who they are instead of with a password. For each service either all of its settings are set, or none; docs/sign-in-with.md says where to get them."`
	Mail       Mail       `group:"Mail" doc:"How mails reach people: proofs of addresses, forgotten passwords, invitations. See docs/mail.md."`
	Publisher  Publisher  `group:"Publishing" doc:"How due posts are published. The defaults fit nearly everybody."`
	RateLimits RateLimits `group:"Rate limits" doc:"How many requests are answered in a minute. All of a minute may come at once, and they come back evenly. 0 is any number. With REDIS_URL all processes count together; while Redis is away each counts by itself."`
	Network    Network    `group:"Network" doc:"What the server itself may connect to."`
	Log        Log        `group:"Logging" doc:"What is written to standard error."`

	// Warnings are sentences about settings that work but look wrong.
	Warnings []string

	origins map[string]string
}

// Server is how the server is reached.
type Server struct {
	Port            int            `env:"PORT" default:"3000" min:"0" max:"65535" doc:"The TCP port to listen on. 0 takes a free one, which is useful in tests."`
	BindAddress     netip.Addr     `env:"BIND_ADDRESS" default:"0.0.0.0" example:"127.0.0.1" doc:"The address to listen on. 0.0.0.0 is every IPv4 address of the machine, :: every address; 127.0.0.1 is right behind a reverse proxy on the same machine."`
	PublicURL       string         `env:"PUBLIC_URL" example:"https://crier.example.org" doc:"The address under which people and platforms reach the server, without a path. Links in mails, OAuth callbacks and hosted feeds start with it. Empty: http://localhost with PORT."`
	TrustedProxies  []netip.Prefix `env:"TRUSTED_PROXIES" default:"127.0.0.0/8,::1/128" example:"172.16.0.0/12" doc:"The networks of the reverse proxies before the server, as a list of address ranges: what they write into X-Forwarded-For is believed, so that rate limits know who asks. A proxy in a container of its own usually has an address such as 172.18.0.2."`
	Origins         []string       `env:"CORS_ORIGINS" example:"https://app.example.org" doc:"The origins whose pages may use the API from a browser, with the sign-in of the person who looks at them. Empty: none but the server itself."`
	ShutdownTimeout time.Duration  `env:"SHUTDOWN_TIMEOUT" default:"20s" min:"1s" max:"10m" doc:"How long open requests and publications may take to end after a stop was asked for. What is cut off then is picked up at the next start and never sent twice."`
}

// Address is what the server listens on, such as "127.0.0.1:3000".
func (s Server) Address() string {
	return net.JoinHostPort(s.BindAddress.String(), strconv.Itoa(s.Port))
}

// Storage is where everything is kept.
type Storage struct {
	DatabaseURL    Secret `env:"DATABASE_URL" secret:"true" example:"postgres://crier:password@localhost:5432/crier" doc:"The database: postgres://user:password@host:5432/name for PostgreSQL, or sqlite:///absolute/path/to/file. Empty: the SQLite file crier.db in DATA_DIR."`
	RedisURL       Secret `env:"REDIS_URL" secret:"true" example:"redis://:password@localhost:6379/0" doc:"A Redis that several processes share, which is optional: it wakes workers early, carries side jobs, and remembers who may do what (protect it like the database). redis://user:password@host:6379/0, or rediss:// for TLS. While it is away everything goes on from the database, and nothing is lost with it. Empty: PostgreSQL wakes workers, and with SQLite only those of the same process."`
	Cache          bool   `env:"CACHE" default:"true" doc:"Whether to remember for a few seconds who is signed in, members and their roles, and API keys. With REDIS_URL it is remembered there, with SQLite in the process; with PostgreSQL alone nothing is, whatever this says. What is changed or ends holds at the next request either way."`
	DataDir        string `env:"DATA_DIR" default:"./data" example:"/var/lib/crier" doc:"The folder for the SQLite file, uploaded media and generated secrets. It is created if it is not there. Back it up as a whole."`
	MaxUploadBytes Size   `env:"MAX_UPLOAD_BYTES" default:"1GiB" min:"1KiB" example:"512MB" doc:"The largest file that can be uploaded. A number of bytes, or a number with KB, MB, GB (powers of 1000) or KiB, MiB, GiB (powers of 1024)."`
}

// Driver is the kind of database that Storage names.
type Driver string

// The kinds of database.
const (
	SQLite   Driver = "sqlite"
	Postgres Driver = "postgres"
)

// Database says which database to open. For SQLite address is the path of the
// file, for PostgreSQL it is the URL, which holds a password: do not log it.
func (s Storage) Database() (driver Driver, address string) {
	raw := string(s.DatabaseURL)
	if raw == "" {
		return SQLite, filepath.Join(s.DataDir, "crier.db")
	}
	if file, ok := strings.CutPrefix(raw, "sqlite://"); ok {
		return SQLite, file
	}
	return Postgres, raw
}

// Nothing is the only entry of a list that stands for no entry at all, where an
// empty list means everything.
const Nothing = "none"

// SecretsDir is the folder of the generated secrets.
func (s Storage) SecretsDir() string { return filepath.Join(s.DataDir, "secrets") }

// MediaDir is the folder of the uploaded files.
func (s Storage) MediaDir() string { return filepath.Join(s.DataDir, "media") }

// Secrets protect sessions and stored tokens. Either may be empty; then the
// one that package secrets generates is to be used.
type Secrets struct {
	JWTSecret      Secret `env:"JWT_SECRET" secret:"true" doc:"Signs the tokens of people who are signed in; at least 32 characters, such as the output of openssl rand -hex 64. A change signs everybody out. Empty: generated at the first start."`
	EncryptionKeys Keys   `env:"ENCRYPTION_KEYS" secret:"true" doc:"The keys that seal the tokens of connected channels, newest first: id:base64,id:base64, each of 32 bytes (openssl rand -base64 32). To replace a key put a new one before it; keep the old one until everything was sealed again. Whoever loses them has to connect every channel again. Empty: generated at the first start."`
}

// Registration says who may create an account.
type Registration string

// The ways to register.
const (
	RegistrationFirst  Registration = "first"
	RegistrationOpen   Registration = "open"
	RegistrationClosed Registration = "closed"
)

// Accounts is who may use the server.
type Accounts struct {
	Registration Registration `env:"REGISTRATION" default:"open" enum:"open,first,closed" doc:"Who may create an account. open: everybody who reaches the server; first: only the first person, which suits a server for one team; closed: nobody."`
}

// SignIn is where people may prove who they are.
type SignIn struct {
	GitHubID     string `env:"AUTH_GITHUB_CLIENT_ID" example:"Ov23liAbCdEf0123456789" doc:"The client id of an OAuth app on GitHub, whose callback URL is PUBLIC_URL/auth/callback/github."`
	GitHubSecret Secret `env:"AUTH_GITHUB_CLIENT_SECRET" secret:"true" example:"0123456789abcdef0123456789abcdef01234567" doc:"The client secret of that app."`
	GoogleID     string `env:"AUTH_GOOGLE_CLIENT_ID" example:"1234567890-abc.apps.googleusercontent.com" doc:"The client ID of an OAuth client at Google, whose redirect URI is PUBLIC_URL/auth/callback/google."`
	GoogleSecret Secret `env:"AUTH_GOOGLE_CLIENT_SECRET" secret:"true" example:"GOCSPX-0123456789abcdef" doc:"The client secret of that client."`
	OIDCIssuer   string `env:"AUTH_OIDC_ISSUER" example:"https://accounts.example.org/realms/crier" doc:"Any service that speaks OpenID Connect, such as Keycloak, Authentik, Zitadel, Okta or Entra: its address exactly as it calls itself, without /.well-known/openid-configuration. On a private network it must be in ALLOW_PRIVATE_NETWORKS. The redirect URI is PUBLIC_URL/auth/callback/oidc."`
	OIDCID       string `env:"AUTH_OIDC_CLIENT_ID" example:"crier" doc:"The client id that this server has there."`
	OIDCSecret   Secret `env:"AUTH_OIDC_CLIENT_SECRET" secret:"true" example:"0123456789abcdef" doc:"The client secret that it has there."`
	OIDCName     string `env:"AUTH_OIDC_NAME" default:"Single sign-on" example:"Example Ltd." doc:"What people call that service."`
}

// Verification says whether people must prove their e-mail address.
type Verification string

// The ways to verify.
const (
	VerifyAuto Verification = "auto" // where mail is configured
	VerifyYes  Verification = "true"
	VerifyNo   Verification = "false"
)

// Mail is how mails are sent.
type Mail struct {
	From         string       `env:"MAIL_FROM" example:"Crier <crier@example.org>" doc:"Who mails are from: an address, or a name and an address in angle brackets. Required with SMTP_URL and RESEND_API_KEY."`
	SMTPURL      Secret       `env:"SMTP_URL" secret:"true" example:"smtp://user:password@smtp.example.org:587" doc:"The mail server: smtp://user:password@host:587, which must offer STARTTLS; smtps://user:password@host:465 for TLS from the start; smtp://host:25?tls=off without TLS, such as on the same machine. Empty, as RESEND_API_KEY: nobody is mailed, addresses need no proof, and links that people ask for are written to the log."`
	ResendAPIKey Secret       `env:"RESEND_API_KEY" secret:"true" doc:"A key of the service Resend that may send, instead of SMTP_URL."`
	Verification Verification `env:"REQUIRE_EMAIL_VERIFICATION" default:"auto" enum:"auto,true,false" doc:"Whether people must open the link in a mail before they can sign in with a password. auto: where mail is configured."`
}

// Configured reports whether mails are really sent.
func (m Mail) Configured() bool { return m.SMTPURL != "" || m.ResendAPIKey != "" }

// RequireVerification reports whether people must prove their address.
func (m Mail) RequireVerification() bool {
	return m.Verification == VerifyYes || m.Verification == VerifyAuto && m.Configured()
}

// Sender is who mails are from.
func (m Mail) Sender() (name, email string, err error) {
	if m.From == "" {
		return "Crier", "crier@localhost", nil
	}
	a, err := mail.ParseAddress(m.From)
	if err != nil {
		return "", "", err
	}
	return a.Name, a.Address, nil
}

// Publisher is how due posts are published.
type Publisher struct {
	Worker       bool          `env:"WORKER" default:"true" doc:"Whether the server publishes by itself. Set it to false where separate workers do."`
	HostFeeds    bool          `env:"HOST_FEEDS" default:"true" doc:"Whether channels can be feeds on this very server, which needs no account anywhere."`
	Concurrency  int           `env:"WORKER_CONCURRENCY" default:"512" min:"1" max:"10000" doc:"How many deliveries one process publishes at a time. Most of the time they wait for platforms."`
	Apps         []string      `env:"PLATFORM_APPS" example:"x:brand" doc:"Apps that you have beside the first one of a platform, as platform:name with commas. x:brand is offered as x-brand, with the settings of X whose names end in _BRAND: X_CLIENT_ID_BRAND. See docs/several-apps.md."`
	Providers    []string      `env:"WORKER_PROVIDERS" example:"feed" doc:"The platforms whose deliveries this process publishes, so that each can have workers of its own. Empty: all. none: it publishes nothing and only runs side jobs. Together, the workers must cover all platforms."`
	Jobs         []string      `env:"WORKER_JOBS" example:"none" doc:"The kinds of side jobs that this process runs. Empty: all. none: it only publishes."`
	PollInterval time.Duration `env:"POLL_INTERVAL" default:"1s" min:"50ms" max:"1m" doc:"How often a worker looks for due deliveries that it was not told of; about the longest delay that it adds. While other processes can wake it, it looks a fifth as often."`
	Attempts     int           `env:"PUBLISH_ATTEMPTS" default:"3" min:"1" max:"20" doc:"How often a delivery is tried while its platform is certain not to have taken it."`
	Backoff      time.Duration `env:"PUBLISH_BACKOFF" default:"2s" min:"10ms" max:"1h" doc:"The wait before the second try. It doubles with every further one; a longer wait that the platform asks for is kept."`
	Timeout      time.Duration `env:"PUBLISH_TIMEOUT" default:"60s" min:"1s" max:"10m" doc:"How long one call to a platform that publishes or reads may take; uploads may take longer. What was under way in a process that died is looked into once this and half a minute are over, so that nobody looks before the platform is done with it."`
	Gap          time.Duration `env:"PUBLISH_GAP" default:"10s" min:"0s" max:"24h" doc:"The least time between two posts on one account, also after an outage. An account or its platform may ask for more. 0 sets no gap."`
	LateWindow   time.Duration `env:"LATE_WINDOW" default:"6h" min:"1m" max:"720h" doc:"How late a delivery may start after an outage. Later ones are marked as missed, and people are told."`
	Lease        time.Duration `env:"LEASE" default:"60s" min:"5s" max:"1h" doc:"How long a worker may be silent before another one takes over its deliveries. It must be longer than POLL_INTERVAL."`
}

// RateLimits is how many requests are answered in a minute.
type RateLimits struct {
	Address      int `env:"RATE_LIMIT_ADDRESS" default:"1200" min:"0" max:"1000000" doc:"From one address, whoever asks."`
	SignIn       int `env:"RATE_LIMIT_SIGN_IN" default:"30" min:"0" max:"1000000" doc:"From one address, by somebody who is not signed in yet: registering, signing in, staying signed in."`
	User         int `env:"RATE_LIMIT_USER" default:"600" min:"0" max:"1000000" doc:"Of one person."`
	Key          int `env:"RATE_LIMIT_KEY" default:"100" min:"0" max:"1000000" doc:"Of one API key. It does not count against the person who made it."`
	Costly       int `env:"RATE_LIMIT_COSTLY" default:"60" min:"0" max:"1000000" doc:"Of one person or API key, of what takes much work: uploads, exports, retrying many failures, renewing credentials."`
	Organization int `env:"RATE_LIMIT_ORGANIZATION" default:"3000" min:"0" max:"1000000" doc:"Of all people and programs of one organization together."`
}

// Network is what the server may connect to.
type Network struct {
	AllowPrivate []netip.Prefix `env:"ALLOW_PRIVATE_NETWORKS" example:"192.168.1.0/24,fd00::/8" doc:"Private networks that the server may connect to for people's servers, feeds and webhooks, as a list of address ranges. Empty: none, so that nobody can reach into your network through the server."`
}

// LogFormat is how log lines look.
type LogFormat string

// The formats of log lines.
const (
	LogText LogFormat = "text"
	LogJSON LogFormat = "json"
)

// Log is what is logged.
type Log struct {
	Level  string    `env:"LOG_LEVEL" default:"info" enum:"debug,info,warn,error" doc:"The least important lines that are still written."`
	Format LogFormat `env:"LOG_FORMAT" default:"text" enum:"text,json" doc:"text is for people, json for log collectors."`
}

// Load reads the settings from environ, which has the form of os.Environ.
// readFile reads the file that a NAME_FILE variable names, as os.ReadFile
// does. The error is Problems: everything that is wrong, at once.
func Load(environ []string, readFile func(string) ([]byte, error)) (Config, error) {
	var c Config
	l := newLoader(environ, readFile)
	if missing := l.fill(&c); len(missing) > 0 {
		panic("config: the settings of Crier itself all have defaults")
	}
	l.check(&c)
	if len(l.problems) > 0 {
		return Config{}, l.problems
	}
	c.Warnings = append(l.warnings, Typos(environ, Names(&c, ""))...)
	c.origins = l.origins
	return c, nil
}

// LoadInto fills the exported fields of the struct that into points to, by the
// same tags as Config; it is meant for the settings of providers. missing names
// the required variables that are not set, in the order of the struct: the
// provider is not configured then, which is no error. The error is Problems.
// suffix is added to the name of every variable: one struct can be filled for
// several apps of a platform.
func LoadInto(environ []string, readFile func(string) ([]byte, error), into any, suffix string) (missing []string, err error) {
	l := newLoader(environ, readFile)
	l.suffix = suffix
	missing = l.fill(into)
	if len(l.problems) > 0 {
		return missing, l.problems
	}
	return missing, nil
}
