package account

import (
	"testing"
	"time"
)

// TestCodesOfTheRFC are the vectors of RFC 6238, appendix B, for SHA-1, cut to
// the six digits that phones show.
func TestCodesOfTheRFC(t *testing.T) {
	t.Parallel()
	secret := []byte("12345678901234567890")
	for unix, want := range map[int64]string{
		59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130",
	} {
		if got := codeAt(secret, unix/30); got != want {
			t.Errorf("%d: got %s, want %s", unix, got, want)
		}
		for drift, ok := range map[int64]bool{-60: false, -30: true, 0: true, 30: true, 60: false} {
			if unix+drift < 0 {
				continue // there were no phones before 1970
			}
			step, found := stepOf(secret, want, time.Unix(unix+drift, 0))
			if found != ok || ok && step != unix/30 {
				t.Errorf("%d, %d seconds off: got %d %t, want %t", unix, drift, step, found, ok)
			}
		}
	}
}

// TestTheAddressForPhones follows
// https://github.com/google/google-authenticator/wiki/Key-Uri-Format.
func TestTheAddressForPhones(t *testing.T) {
	t.Parallel()
	got := codeURI("Crier", "ann+x@example.org", []byte("Hello!\xde\xad\xbe\xef"))
	if want := "otpauth://totp/Crier:ann+x@example.org?secret=JBSWY3DPEHPK3PXP&issuer=Crier"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
