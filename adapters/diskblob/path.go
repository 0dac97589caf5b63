package diskblob

import (
	"path"
	"strings"

	"github.com/crierhq/crier/core/fault"
)

// The names in the folder are the elements of the keys, except that a folder
// has a mark at its end that no key has: slash is a folder whose element ends
// there, so that "a" and "a/b" can both be keys, and more is one whose element
// goes on in the next name, because file systems end names at 255 bytes.
const (
	maxKey    = 512
	maxName   = 200
	slashMark = "+"
	moreMark  = "="
)

// pathOf is where the bytes of key are, below the folder.
func pathOf(key string) (string, error) {
	var names []string
	ok := len(key) <= maxKey
	elems := strings.Split(key, "/")
	for i, elem := range elems {
		ok = ok && elem != "" && elem != "." && elem != ".." && !strings.ContainsFunc(elem, notKeyRune)
		for len(elem) > maxName {
			cut := maxName
			if rest := elem[cut:]; rest == "." || rest == ".." {
				cut -= len("...") // no file can be called like this rest
			}
			names = append(names, elem[:cut]+moreMark)
			elem = elem[cut:]
		}
		if i < len(elems)-1 {
			elem += slashMark
		}
		names = append(names, elem)
	}
	if !ok {
		return "", fault.New(fault.Invalid, "bad_key", "This is not a valid key for a file.")
	}
	return path.Join(names...), nil
}

func notKeyRune(r rune) bool {
	switch {
	case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', r == '.', r == '-', r == '_':
		return false
	default:
		return true
	}
}
