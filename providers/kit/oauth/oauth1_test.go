package oauth_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/crierhq/crier/providers/kit/oauth"
)

// TestSignatureIsThatOfThePlatformsExample plays the example of
// https://developer.x.com/en/docs/authentication/oauth-1-0a/creating-a-signature.
func TestSignatureIsThatOfThePlatformsExample(t *testing.T) {
	t.Parallel()
	s := oauth.Signer{
		Key: "xvz1evFS4wEEPTGEFPHBog", Secret: "kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw",
		Token: "370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb", TokenSecret: "LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE",
		Nonce: func() string { return "kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg" },
		Now:   func() time.Time { return time.Unix(1318622958, 0) },
	}
	form := url.Values{"status": {"Hello Ladies + Gentlemen, a signed OAuth request!"}}
	got, err := s.Header(http.MethodPost, "https://api.twitter.com/1.1/statuses/update.json?include_entities=true", form, nil)
	if want := `oauth_signature="hCtSmYh%2BiHYCEqBWrE7C7hYmtUk%3D"`; err != nil || !strings.Contains(got, want) {
		t.Errorf("got %s, %v, want %s in it", got, err, want)
	}
}

// TestSignatureIsThatOfTheStandard plays the request for a token of RFC 5849,
// 1.2, whose secrets the standard names.
func TestSignatureIsThatOfTheStandard(t *testing.T) {
	t.Parallel()
	s := oauth.Signer{
		Key: "dpf43f3p2l4k3l03", Secret: "kd94hf93k423kf44", Token: "nnch734d00sl2jdk", TokenSecret: "pfkkdhi9sl3r4s00",
		Nonce: func() string { return "chapoH" }, Now: func() time.Time { return time.Unix(137131202, 0) },
	}
	got, err := s.Header(http.MethodGet, "http://photos.example.net/photos?file=vacation.jpg&size=original", nil, nil)
	if err != nil || !strings.Contains(got, "oauth_signature=") {
		t.Fatalf("got %s, %v", got, err)
	}
	same, _ := s.Header(http.MethodGet, "http://PHOTOS.example.net:80/photos?size=original&file=vacation.jpg", nil, nil)
	if got != same {
		t.Errorf("got %s for the same address in another spelling, want %s", same, got)
	}
	other, _ := s.Header(http.MethodGet, "http://photos.example.net:8080/photos?file=vacation.jpg&size=original", nil, nil)
	if got == other {
		t.Error("another port has the same signature")
	}
}
