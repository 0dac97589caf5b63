package mastodon

import (
	"encoding/json"
	"time"
)

// metadata is an answer of /.well-known/oauth-authorization-server. Its
// addresses are not used: the documented paths below the server are, so that
// no answer can send a secret elsewhere.
type metadata struct {
	Scopes    []string `json:"scopes_supported"`
	Challenge []string `json:"code_challenge_methods_supported"`
}

// application is an answer of POST /api/v1/apps, and what is kept of it.
type application struct {
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
}

// token is an answer of POST /oauth/token.
type token struct {
	AccessToken string `json:"access_token"`
	ExpiresIn   int64  `json:"expires_in"`
}

// account is an answer of GET /api/v1/accounts/verify_credentials.
type account struct {
	ID          key    `json:"id"`
	Username    string `json:"username"`
	DisplayName string `json:"display_name"`
	URL         string `json:"url"`
	Avatar      string `json:"avatar"`
	// Acct is the handle as this server writes it: without a host for its own.
	Acct      string `json:"acct"`
	Followers *int64 `json:"followers_count"`
	Source    struct {
		Privacy   string `json:"privacy"`
		Sensitive bool   `json:"sensitive"`
		Language  string `json:"language"`
	} `json:"source"`
}

// instance is an answer of GET /api/v2/instance, or of v1, which differs in
// what we do not read. max_toot_chars is how servers said it before
// configuration came with Mastodon 3.4.
type instance struct {
	Domain        string `json:"domain"`
	Version       string `json:"version"`
	SourceURL     string `json:"source_url"`
	MaxTootChars  int64  `json:"max_toot_chars"`
	Configuration struct {
		Statuses struct {
			MaxCharacters            int64 `json:"max_characters"`
			MaxMediaAttachments      int64 `json:"max_media_attachments"`
			CharactersReservedPerURL int64 `json:"characters_reserved_per_url"`
		} `json:"statuses"`
		MediaAttachments struct {
			SupportedMIMETypes []string `json:"supported_mime_types"`
			ImageSizeLimit     int64    `json:"image_size_limit"`
			ImageMatrixLimit   int64    `json:"image_matrix_limit"`
			VideoSizeLimit     int64    `json:"video_size_limit"`
			VideoMatrixLimit   int64    `json:"video_matrix_limit"`
			DescriptionLimit   int64    `json:"description_limit"`
		} `json:"media_attachments"`
		Polls struct {
			MaxOptions             int64 `json:"max_options"`
			MaxCharactersPerOption int64 `json:"max_characters_per_option"`
			MinExpiration          int64 `json:"min_expiration"`
			MaxExpiration          int64 `json:"max_expiration"`
		} `json:"polls"`
	} `json:"configuration"`
}

// statusRequest is the body of POST /api/v1/statuses. What is left out follows
// the account's own preferences.
type statusRequest struct {
	Status      string       `json:"status"`
	MediaIDs    []string     `json:"media_ids,omitempty"`
	Poll        *pollRequest `json:"poll,omitempty"`
	InReplyToID string       `json:"in_reply_to_id,omitempty"`
	Sensitive   bool         `json:"sensitive,omitempty"`
	SpoilerText string       `json:"spoiler_text,omitempty"`
	Visibility  string       `json:"visibility,omitempty"`
	Language    string       `json:"language,omitempty"`
	QuotePolicy string       `json:"quote_approval_policy,omitempty"`
}

// editRequest is the body of PUT /api/v1/statuses/:id. The server clears what
// is left out of media_ids, poll, spoiler_text and sensitive.
type editRequest struct {
	Status          string           `json:"status"`
	MediaIDs        []string         `json:"media_ids"`
	MediaAttributes []mediaAttribute `json:"media_attributes,omitempty"`
	Poll            *pollRequest     `json:"poll,omitempty"`
	Sensitive       bool             `json:"sensitive"`
	SpoilerText     string           `json:"spoiler_text"`
	Language        string           `json:"language,omitempty"`
	QuotePolicy     string           `json:"quote_approval_policy,omitempty"`
}

type mediaAttribute struct {
	ID          string `json:"id"`
	Description string `json:"description"`
}

type pollRequest struct {
	Options    []string `json:"options"`
	ExpiresIn  int      `json:"expires_in"`
	Multiple   bool     `json:"multiple,omitempty"`
	HideTotals bool     `json:"hide_totals,omitempty"`
}

// attachment is a MediaAttachment.
type attachment struct {
	ID key `json:"id"`
}

// status is a Status. Text is what the author wrote; few servers send it.
// CreatedAt stays a text, so that the answer to a post is never lost for a date
// that a server writes in its own way.
type status struct {
	ID               key          `json:"id"`
	URI              string       `json:"uri"`
	URL              string       `json:"url"`
	CreatedAt        string       `json:"created_at"`
	Content          string       `json:"content"`
	Text             string       `json:"text"`
	SpoilerText      string       `json:"spoiler_text"`
	InReplyToID      key          `json:"in_reply_to_id"`
	MediaAttachments []attachment `json:"media_attachments"`
	// Reblogged says whether the account has boosted it.
	Reblogged bool `json:"reblogged"`
	// Favourites, Reblogs, Replies and Quotes are missing where a server does
	// not count them.
	Favourites *int64 `json:"favourites_count"`
	Reblogs    *int64 `json:"reblogs_count"`
	Replies    *int64 `json:"replies_count"`
	Quotes     *int64 `json:"quotes_count"`
}

// since reports whether the post is from then or later. One without a date we
// can read is not.
func (s status) since(then time.Time) bool {
	at, err := time.Parse(time.RFC3339, s.CreatedAt)
	return err == nil && !at.Before(then)
}

// key is an id. Mastodon writes ids as texts, some servers as numbers.
type key string

// UnmarshalJSON implements json.Unmarshaler.
func (k *key) UnmarshalJSON(raw []byte) error {
	if n := json.Number(""); json.Unmarshal(raw, &n) == nil {
		*k = key(n)
		return nil
	}
	return json.Unmarshal(raw, (*string)(k))
}

// failure is an Error. With OAuth calls error is a code, elsewhere prose.
type failure struct {
	Error       string `json:"error"`
	Description string `json:"error_description"`
}
