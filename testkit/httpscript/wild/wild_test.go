package wild_test

import (
	"strings"
	"testing"

	"github.com/crierhq/crier/testkit/httpscript/wild"
)

func TestSubsetIgnoresWhatIsNotNamed(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ want, got, diff string }{
		"part":          {`{"text":{"max":1}}`, `{"Text":{"Max":1,"Count":"runes"},"Replies":0}`, ""},
		"other value":   {`{"text":{"max":2}}`, `{"Text":{"Max":1}}`, "text.max is 1, want 2"},
		"missing":       {`{"media":{}}`, `{"Text":{}}`, "media is missing"},
		"list is whole": {`{"a":[1]}`, `{"a":[1,2]}`, "a is [1,2], want [1]"},
		"bad want":      {`{`, `{}`, "the wanted JSON cannot be read"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := strings.Join(wild.Subset([]byte(tc.want), []byte(tc.got)), "\n")
			if tc.diff == "" && got != "" || !strings.Contains(got, tc.diff) {
				t.Errorf("got %q, want %q", got, tc.diff)
			}
		})
	}
}

func TestClipKeepsMessagesShort(t *testing.T) {
	t.Parallel()
	got := wild.Clip(strings.Repeat("é", 500))
	if len(got) > 150 || !strings.HasSuffix(got, "… (1000 bytes)") || strings.ContainsRune(got, '\uFFFD') {
		t.Errorf("got %q", got)
	}
	if wild.Clip("short") != "short" {
		t.Error("got a short text changed")
	}
}
