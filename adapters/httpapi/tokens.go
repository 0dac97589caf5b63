package httpapi

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/crierhq/crier/core/apikey"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
)

const (
	// accessLife is how long an access token is good.
	accessLife = time.Hour
	// accessAudience is the purpose of access tokens. A token that was made for
	// another one is worthless here.
	accessAudience = "access"
	// clockLeeway is how far the clocks of two servers may differ.
	clockLeeway = 5 * time.Second
	// maxToken bounds what is looked at.
	maxToken = 4096
)

// claims are the content of an access token. The first five are promised to
// whoever reads tokens; their names never change.
type claims struct {
	UserID   string `json:"userId"`
	OrgID    string `json:"orgId"`
	Email    string `json:"email"`
	IssuedAt int64  `json:"iat"`
	Expires  int64  `json:"exp"`
	// ID is the sign-in that the token was made for, a dot, and something random.
	ID       string `json:"jti"`
	Audience string `json:"aud"`
}

var _ jwt.Claims = claims{}

// session is the sign-in that the token was made for.
func (c claims) session() domain.SessionID {
	return domain.SessionID(c.ID[:max(strings.LastIndexByte(c.ID, '.'), 0)])
}

// GetExpirationTime implements jwt.Claims.
func (c claims) GetExpirationTime() (*jwt.NumericDate, error) { return date(c.Expires) }

// GetIssuedAt implements jwt.Claims.
func (c claims) GetIssuedAt() (*jwt.NumericDate, error) { return date(c.IssuedAt) }

// GetNotBefore implements jwt.Claims.
func (claims) GetNotBefore() (*jwt.NumericDate, error) { return nil, nil }

// GetIssuer implements jwt.Claims.
func (claims) GetIssuer() (string, error) { return "", nil }

// GetSubject implements jwt.Claims.
func (c claims) GetSubject() (string, error) { return c.UserID, nil }

// GetAudience implements jwt.Claims.
func (c claims) GetAudience() (jwt.ClaimStrings, error) { return jwt.ClaimStrings{c.Audience}, nil }

func date(unix int64) (*jwt.NumericDate, error) {
	if unix == 0 {
		return nil, nil
	}
	return jwt.NewNumericDate(time.Unix(unix, 0)), nil
}

// tokens makes and reads access tokens.
type tokens struct {
	key []byte
	now func() time.Time
}

// issue returns a token that says who the person is, for accessLife.
func (t tokens) issue(u domain.User, org domain.OrganizationID, session domain.SessionID) (string, error) {
	now := t.now()
	c := claims{
		UserID: string(u.ID), OrgID: string(org), Email: u.Email, IssuedAt: now.Unix(),
		Expires: now.Add(accessLife).Unix(), ID: string(session) + "." + rand.Text(), Audience: accessAudience,
	}
	text, err := jwt.NewWithClaims(jwt.SigningMethodHS256, c).SignedString(t.key)
	if err != nil {
		return "", fmt.Errorf("sign access token: %w", err)
	}
	return text, nil
}

// verify returns what a token says, if it is ours, for this purpose, and good
// now. Any other one is an Unauthenticated fault that does not say why, except
// that it has expired.
func (t tokens) verify(token string) (claims, error) {
	bad := fault.New(fault.Unauthenticated, "token_invalid", "This access token is not valid. Sign in again.")
	if len(token) > maxToken {
		return claims{}, bad
	}
	var c claims
	_, err := jwt.ParseWithClaims(token, &c, func(*jwt.Token) (any, error) { return t.key, nil },
		jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}), jwt.WithExpirationRequired(), jwt.WithIssuedAt(),
		jwt.WithAudience(accessAudience), jwt.WithLeeway(clockLeeway), jwt.WithTimeFunc(t.now), jwt.WithStrictDecoding())
	switch {
	case err == nil && validID(c.UserID) && validID(c.OrgID) && validID(string(c.session())):
		return c, nil
	case errors.Is(err, jwt.ErrTokenExpired):
		return claims{}, fault.New(fault.Unauthenticated, "token_expired", "This access token has expired. Get a new one with the refresh token.")
	default:
		return claims{}, bad
	}
}

// authenticate finds out who asks, as things stand now.
func (a *api) authenticate(ctx context.Context, header string) (domain.Actor, error) {
	scheme, token, _ := strings.Cut(header, " ")
	if header == "" || !strings.EqualFold(scheme, "bearer") || token == "" {
		return domain.Actor{}, fault.New(fault.Unauthenticated, "token_missing", "Sign in first: this needs an access token or an API key in the header Authorization.")
	}
	token = strings.TrimSpace(token)
	if apikey.Is(token) {
		return a.eng.Keys.Authenticate(ctx, token)
	}
	c, err := a.tokens.verify(token)
	if err != nil {
		return domain.Actor{}, err
	}
	return a.eng.Accounts.Authenticate(ctx, c.session(), domain.UserID(c.UserID), domain.OrganizationID(c.OrgID))
}
