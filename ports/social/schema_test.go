package social_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/crierhq/crier/ports/social"
)

type poll struct {
	Options []string `json:"options" required:"true" minLength:"2" maxLength:"4" doc:"What to choose from."`
	Hours   int64    `json:"hours,omitempty" minimum:"1" maximum:"168" default:"24" doc:"How long it is open."`
}

type choices struct {
	Title   string  `json:"title" required:"true" minLength:"2" maxLength:"5" doc:"Its title."`
	Mode    string  `json:"mode,omitempty" enum:"open,closed" default:"open" doc:"Who sees it."`
	Tag     string  `json:"tag,omitempty" pattern:"[a-z]+" doc:"Write it in small letters."`
	Loud    bool    `json:"loud,omitempty" doc:"Whether it rings."`
	Count   *int    `json:"count,omitempty" minimum:"-1" maximum:"9"`
	Key     string  `json:"key,omitempty" secret:"true"`
	Poll    *poll   `json:"poll,omitempty"`
	Links   []poll  `json:"links,omitempty" maxLength:"1"`
	Hidden  string  `json:"-"`
	Ignored float64 // has no name, so it is no choice
}

func found(problems []social.Problem) []string {
	var out []string
	for _, p := range problems {
		out = append(out, p.Field+" "+p.Rule)
	}
	return out
}

func TestSchemaChecks(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		raw  string
		want []string
	}{
		"good":           {`{"title":"ab","mode":"closed","tag":"x","loud":true,"count":9,"key":"k","poll":{"options":["a","b"],"hours":1}}`, nil},
		"empty":          {``, []string{"s.title required"}},
		"space":          {" \n", []string{"s.title required"}},
		"null counts":    {`{"title":null,"mode":null}`, []string{"s.title required"}},
		"empty text":     {`{"title":"","mode":"","tag":""}`, []string{"s.title required"}},
		"not JSON":       {`{`, []string{"s malformed"}},
		"two values":     {`{} {}`, []string{"s malformed"}},
		"no object":      {`[]`, []string{"s type"}},
		"null":           {`null`, []string{"s type"}},
		"too short":      {`{"title":"a"}`, []string{"s.title too_short"}},
		"code points":    {`{"title":"🐈🐈🐈🐈🐈"}`, nil},
		"too long":       {`{"title":"abcdef"}`, []string{"s.title too_long"}},
		"enum":           {`{"title":"ab","mode":"Open"}`, []string{"s.mode enum"}},
		"whole pattern":  {`{"title":"ab","tag":"x1"}`, []string{"s.tag pattern"}},
		"pattern, lines": {`{"title":"ab","tag":"x\ny"}`, []string{"s.tag pattern"}},
		"text as number": {`{"title":1}`, []string{"s.title type"}},
		"bool as text":   {`{"title":"ab","loud":"true"}`, []string{"s.loud type"}},
		"number as text": {`{"title":"ab","count":"1"}`, []string{"s.count type"}},
		"fraction":       {`{"title":"ab","count":1.5}`, []string{"s.count type"}},
		"huge":           {`{"title":"ab","count":1e400}`, []string{"s.count type"}},
		"too small":      {`{"title":"ab","count":-2}`, []string{"s.count too_small"}},
		"too large":      {`{"title":"ab","count":10}`, []string{"s.count too_large"}},
		"unknown":        {`{"title":"ab","Mode":"open","b":1,"a":1}`, []string{"s.Mode unknown", "s.a unknown", "s.b unknown"}},
		"hidden":         {`{"title":"ab","Hidden":"x","Ignored":1}`, []string{"s.Hidden unknown", "s.Ignored unknown"}},
		"inside":         {`{"title":"ab","poll":{"hours":0,"x":1}}`, []string{"s.poll.options required", "s.poll.hours too_small", "s.poll.x unknown"}},
		"object as text": {`{"title":"ab","poll":"x"}`, []string{"s.poll type"}},
		"too few":        {`{"title":"ab","poll":{"options":["a"]}}`, []string{"s.poll.options too_few"}},
		"too many":       {`{"title":"ab","poll":{"options":["a","b","c","d","e"]}}`, []string{"s.poll.options too_many"}},
		"element":        {`{"title":"ab","poll":{"options":["a",1]}}`, []string{"s.poll.options[1] type"}},
		"list as text":   {`{"title":"ab","poll":{"options":"ab"}}`, []string{"s.poll.options type"}},
		"list of objects": {`{"title":"ab","links":[{"options":["a","b"]},{"options":[]}]}`, []string{
			"s.links too_many", "s.links[1].options too_few",
		}},
		"all at once": {`{"mode":"x","tag":"X","loud":1,"count":99,"poll":{},"no":1}`, []string{
			"s.title required", "s.mode enum", "s.tag pattern", "s.loud type", "s.count too_large", "s.poll.options required", "s.no unknown",
		}},
	}
	s := social.SchemaOf[choices]()
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := s.Check(json.RawMessage(tc.raw), "s")
			if !slices.Equal(found(got), tc.want) {
				t.Errorf("got %q, want %q", found(got), tc.want)
			}
			for _, p := range got {
				if p.Message == "" {
					t.Errorf("%s %s has no message", p.Field, p.Rule)
				}
			}
			if len(tc.want) > 0 {
				return
			}
			if _, err := social.DecodeSettings[choices](json.RawMessage(tc.raw)); err != nil {
				t.Errorf("what was checked cannot be read: %v", err)
			}
		})
	}
}

func TestTheZeroSchemaTakesNothing(t *testing.T) {
	t.Parallel()
	var s social.Schema
	if got := s.Check(nil, "s"); len(got) != 0 {
		t.Errorf("got %v, want nothing wrong with nothing", got)
	}
	if got := found(s.Check([]byte(`{"a":1}`), "s")); !slices.Equal(got, []string{"s.a unknown"}) {
		t.Errorf("got %q, want unknown", got)
	}
	if got, err := json.Marshal(s); err != nil || string(got) != `{"additionalProperties":false,"properties":{},"type":"object"}` {
		t.Errorf("got %s, %v", got, err)
	}
}

type typedIn struct {
	Name  string `json:"name" required:"true"`
	Port  int    `json:"port" required:"true" minimum:"1"`
	Depth int    `json:"depth,omitempty" maximum:"3"`
	TLS   bool   `json:"tls,omitempty" default:"true"`
	Must  bool   `json:"must" required:"true"`
}

func TestValuesFromAForm(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		in   social.Values
		want []string
	}{
		"good":              {social.Values{"name": "a", "port": "1", "tls": "false", "must": "true", "depth": "3"}, nil},
		"left empty":        {social.Values{"name": "a", "port": "1", "tls": "", "must": "false", "depth": ""}, nil},
		"required":          {social.Values{"name": "", "port": "", "must": ""}, []string{"f.name required", "f.port required", "f.must required"}},
		"nothing":           {nil, []string{"f.name required", "f.port required", "f.must required"}},
		"wrong types":       {social.Values{"name": "a", "port": "x", "must": "maybe", "depth": "1.5"}, []string{"f.port type", "f.depth type", "f.must type"}},
		"out of bounds":     {social.Values{"name": "a", "port": "0", "must": "true", "depth": "4"}, []string{"f.port too_small", "f.depth too_large"}},
		"unknown":           {social.Values{"name": "a", "port": "1", "must": "1", "x": "1", "y": ""}, []string{"f.x unknown", "f.y unknown"}},
		"number as a name":  {social.Values{"name": "12", "port": "1", "must": "true"}, nil},
		"minus and nothing": {social.Values{"name": "a", "port": "-", "must": "true"}, []string{"f.port type"}},
	}
	s := social.SchemaOf[typedIn]()
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := found(s.CheckValues(tc.in, "f")); !slices.Equal(got, tc.want) {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
	in := social.Values{"name": "a", "tls": ""}
	if got := s.WithDefaults(in); len(got) != 2 || got["name"] != "a" || got["tls"] != "true" || in["tls"] != "" {
		t.Errorf("got %v from %v, want the default in a copy", got, in)
	}
	if got := s.WithDefaults(social.Values{"tls": "false"}); got["tls"] != "false" {
		t.Errorf("got %v, want the choice kept", got)
	}
}

func TestSchemaAsJSONSchema(t *testing.T) {
	t.Parallel()
	got, err := json.MarshalIndent(social.SchemaOf[choices](), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	const want = `{
 "additionalProperties": false,
 "properties": {
  "count": {"maximum": 9, "minimum": -1, "type": "integer"},
  "key": {"format": "password", "type": "string", "writeOnly": true},
  "links": {
   "items": {
    "additionalProperties": false,
    "properties": {
     "hours": {"default": 24, "description": "How long it is open.", "maximum": 168, "minimum": 1, "type": "integer"},
     "options": {"description": "What to choose from.", "items": {"type": "string"}, "maxItems": 4, "minItems": 2, "type": "array"}
    },
    "required": ["options"],
    "type": "object"
   },
   "maxItems": 1,
   "type": "array"
  },
  "loud": {"description": "Whether it rings.", "type": "boolean"},
  "mode": {"default": "open", "description": "Who sees it.", "enum": ["open", "closed"], "type": "string"},
  "poll": {
   "additionalProperties": false,
   "properties": {
    "hours": {"default": 24, "description": "How long it is open.", "maximum": 168, "minimum": 1, "type": "integer"},
    "options": {"description": "What to choose from.", "items": {"type": "string"}, "maxItems": 4, "minItems": 2, "type": "array"}
   },
   "required": ["options"],
   "type": "object"
  },
  "tag": {"description": "Write it in small letters.", "pattern": "^(?:[a-z]+)$", "type": "string"},
  "title": {"description": "Its title.", "maxLength": 5, "minLength": 2, "type": "string"}
 },
 "required": ["title"],
 "type": "object"
}`
	var compact strings.Builder
	for _, doc := range []string{string(got), want} {
		var v any
		if err := json.Unmarshal([]byte(doc), &v); err != nil {
			t.Fatal(err)
		}
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		compact.Write(append(b, '\n'))
	}
	if lines := strings.Split(compact.String(), "\n"); lines[0] != lines[1] {
		t.Errorf("got\n%s\nwant\n%s", lines[0], lines[1])
	}
}

func TestFieldsAreInOrder(t *testing.T) {
	t.Parallel()
	var names []string
	fields := social.SchemaOf[choices]().Fields()
	for _, f := range fields {
		names = append(names, f.Name)
	}
	if want := []string{"title", "mode", "tag", "loud", "count", "key", "poll", "links"}; !slices.Equal(names, want) {
		t.Errorf("got %v, want %v", names, want)
	}
	if f := fields[5]; !f.Secret || f.Required || fields[0].Secret || !fields[0].Required {
		t.Errorf("got %+v", f)
	}
}

func TestMistakesOfTheProgrammerPanic(t *testing.T) {
	t.Parallel()
	cases := map[string]func(){
		"no struct": func() { social.SchemaOf[int]() },
		"float": func() {
			social.SchemaOf[struct {
				A float64 `json:"a"`
			}]()
		},
		"map": func() {
			social.SchemaOf[struct {
				A map[string]string `json:"a"`
			}]()
		},
		"bound": func() {
			social.SchemaOf[struct {
				A string `json:"a" maxLength:"x"`
			}]()
		},
		"pattern": func() {
			social.SchemaOf[struct {
				A string `json:"a" pattern:"("`
			}]()
		},
		"default of a type": func() {
			social.SchemaOf[struct {
				A int `json:"a" default:"x"`
			}]()
		},
		"default of a bool": func() {
			social.SchemaOf[struct {
				A bool `json:"a" default:"perhaps"`
			}]()
		},
		"default of a enum": func() {
			social.SchemaOf[struct {
				A string `json:"a" enum:"x,y" default:"z"`
			}]()
		},
		"enum of a number": func() {
			social.SchemaOf[struct {
				A int `json:"a" enum:"1,2"`
			}]()
		},
		"pattern of a list": func() {
			social.SchemaOf[struct {
				A []string `json:"a" pattern:"x"`
			}]()
		},
		"minimum of a text": func() {
			social.SchemaOf[struct {
				A string `json:"a" minimum:"1"`
			}]()
		},
		"length of a number": func() {
			social.SchemaOf[struct {
				A int `json:"a" maxLength:"1"`
			}]()
		},
	}
	for name, do := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			defer func() {
				if recover() == nil {
					t.Error("did not panic")
				}
			}()
			do()
		})
	}
}

func TestDecodeSettings(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{"", " \n", "{}"} {
		if got, err := social.DecodeSettings[choices]([]byte(raw)); err != nil || got.Title != "" {
			t.Errorf("%q: got %+v, %v; want the zero value", raw, got, err)
		}
	}
	if got, err := social.DecodeSettings[choices]([]byte(`{"title":"ab","count":3}`)); err != nil || got.Title != "ab" || *got.Count != 3 {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, raw := range []string{`{"no":1}`, `{`, `{"title":1}`} {
		if _, err := social.DecodeSettings[choices]([]byte(raw)); social.CodeOf(err) != social.CodeRejected {
			t.Errorf("%s: got %v, want rejected", raw, err)
		}
	}
}

func FuzzSchemaCheck(f *testing.F) {
	for _, s := range []string{``, `{}`, `{"title":"ab"}`, `{"title":["x"],"poll":{"options":[{}]}}`, `[[[]]]`, `{"count":1e999}`, "\xff", `{"title":"\ud800"}`} {
		f.Add([]byte(s))
	}
	s := social.SchemaOf[choices]()
	f.Fuzz(func(t *testing.T, raw []byte) {
		problems := s.Check(raw, "s")
		for _, p := range problems {
			if !strings.HasPrefix(p.Field, "s") || p.Rule == "" || p.Message == "" {
				t.Errorf("got %+v, which says too little", p)
			}
		}
		if len(problems) == 0 {
			if _, err := social.DecodeSettings[choices](raw); err != nil {
				t.Errorf("what was checked cannot be read: %v", err)
			}
		}
	})
}
