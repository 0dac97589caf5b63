package argon2password

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"
)

// hash is a decoded PHC string.
type hash struct {
	cost
	salt, key []byte
}

// The lengths of salts and keys that other programs may have used.
const (
	minSalt, maxSalt = 8, 64
	minKey, maxKey   = 16, 128
)

// encode writes the PHC string; see
// https://github.com/P-H-C/phc-string-format/blob/master/phc-sf-spec.md.
func (h hash) encode() string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, h.memory, h.passes, h.lanes,
		encoding().EncodeToString(h.salt), encoding().EncodeToString(h.key))
}

// decode reads a PHC string of Argon2id, or reports false.
func decode(encoded string) (hash, bool) {
	parts := strings.Split(encoded, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return hash{}, false
	}
	if strings.ContainsAny(encoded, "\r\n") { // the decoder would skip line ends
		return hash{}, false
	}
	c, ok := decodeCost(parts[3])
	salt, errS := encoding().DecodeString(parts[4])
	key, errK := encoding().DecodeString(parts[5])
	ok = ok && errS == nil && errK == nil &&
		minSalt <= len(salt) && len(salt) <= maxSalt && minKey <= len(key) && len(key) <= maxKey
	return hash{cost: c, salt: salt, key: key}, ok
}

func decodeCost(text string) (cost, bool) {
	params := strings.Split(text, ",")
	if len(params) != 3 {
		return cost{}, false
	}
	var n [3]uint32
	for i, name := range []string{"m=", "t=", "p="} {
		digits, ok := strings.CutPrefix(params[i], name)
		v, err := strconv.ParseUint(digits, 10, 32)
		if !ok || err != nil {
			return cost{}, false
		}
		n[i] = uint32(v)
	}
	if n[2] > maxLanes {
		return cost{}, false
	}
	c := cost{memory: n[0], passes: n[1], lanes: uint8(n[2])}
	return c, len(c.check()) == 0
}

func encoding() *base64.Encoding { return base64.RawStdEncoding.Strict() }
