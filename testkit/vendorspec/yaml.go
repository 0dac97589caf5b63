package vendorspec

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// decodeYAML reads the part of YAML 1.2 (https://yaml.org/spec/1.2.2/) that
// descriptions are written in: mappings and lists by indentation, plain, quoted
// and block texts, and flow collections that are empty. Whatever else there is
// ends it with an error that names the line, so that nothing is read as
// something that it is not. Values are what encoding/json would make of them.
//
// A library would be another module for everybody who tests a provider.
func decodeYAML(raw []byte) (v any, err error) {
	y := &yaml{}
	for i, line := range strings.Split(string(raw), "\n") {
		line = strings.TrimRight(line, " \r")
		text := strings.TrimLeft(line, " ")
		y.lines = append(y.lines, yamlLine{number: i + 1, indent: len(line) - len(text), text: text})
	}
	defer func() {
		// The recursion is left from its depth; nothing else panics with this.
		if r := recover(); r != nil {
			wrong, ok := r.(yamlError)
			if !ok {
				panic(r)
			}
			err = wrong
		}
	}()
	if y.skip(); y.done() {
		return nil, errors.New("there is nothing in it")
	}
	v = y.node(y.line().indent)
	if y.skip(); !y.done() {
		y.fail("is indented as nothing before it")
	}
	return v, nil
}

type yamlError string

func (e yamlError) Error() string { return string(e) }

type yamlLine struct {
	number, indent int
	text           string
}

type yaml struct {
	lines []yamlLine
	at    int
}

func (y *yaml) done() bool      { return y.at >= len(y.lines) }
func (y *yaml) line() *yamlLine { return &y.lines[y.at] }

func (y *yaml) fail(why string) {
	n := len(y.lines)
	if !y.done() {
		n = y.line().number
	}
	panic(yamlError(fmt.Sprintf("line %d %s", n, why)))
}

// skip goes on to the next line that says something.
func (y *yaml) skip() {
	for !y.done() && (y.line().text == "" || y.line().text[0] == '#' || y.line().text == "---") {
		y.at++
	}
}

func (l yamlLine) isItem() bool { return l.text == "-" || strings.HasPrefix(l.text, "- ") }

// node reads the mapping, list or text that begins here.
func (y *yaml) node(indent int) any {
	switch l := y.line(); {
	case l.isItem():
		return y.list(indent)
	case yamlKey.MatchString(l.text):
		return y.mapping(indent)
	default:
		text := l.text
		y.at++
		return y.scalar(text, indent-1)
	}
}

// list reads the items at indent. What follows a dash stands where it stands.
func (y *yaml) list(indent int) []any {
	out := []any{}
	for y.skip(); !y.done() && y.line().indent == indent && y.line().isItem(); y.skip() {
		l := y.line()
		rest := strings.TrimLeft(l.text[1:], " ")
		if rest == "" {
			y.at++
			out = append(out, y.below(indent+1))
			continue
		}
		l.indent, l.text = indent+len(l.text)-len(rest), rest
		out = append(out, y.node(l.indent))
	}
	return out
}

// yamlKey is a key, quoted or not, and what follows its colon.
var yamlKey = regexp.MustCompile(`^('(?:[^']|'')*'|"(?:[^"\\]|\\.)*"|[^\s'"\[\]{}#&*!|>%@` + "`" + `-][^#]*?|-[^\s#][^#]*?):(?: +(.*))?$`)

func (y *yaml) mapping(indent int) object {
	out := object{}
	for y.skip(); !y.done() && y.line().indent == indent && !y.line().isItem(); y.skip() {
		found := yamlKey.FindStringSubmatch(y.line().text)
		if found == nil {
			y.fail("is no key with a value")
		}
		key, ok := y.word(found[1]).(string)
		if !ok {
			key = found[1] // such as a status: keys of JSON are texts
		}
		y.at++
		switch rest := found[2]; {
		case rest == "" || rest[0] == '#':
			out[key] = y.value(indent)
		case rest[0] == '|' || rest[0] == '>':
			out[key] = y.block(rest, indent)
		default:
			out[key] = y.scalar(rest, indent)
		}
	}
	return out
}

// value is what stands on the lines after a key. Lists may stand below it
// without being indented.
func (y *yaml) value(indent int) any {
	if y.skip(); !y.done() && y.line().indent == indent && y.line().isItem() {
		return y.list(indent)
	}
	return y.below(indent + 1)
}

// below is what is indented by at least indent, if anything.
func (y *yaml) below(indent int) any {
	if y.skip(); y.done() || y.line().indent < indent {
		return nil
	}
	return y.node(y.line().indent)
}

// block reads a text that is indented more than its key. Descriptions of words
// are judged by nobody, so that folding and chomping make no difference.
func (y *yaml) block(head string, indent int) string {
	var out []string
	for !y.done() && (y.line().text == "" || y.line().indent > indent) {
		out = append(out, y.line().text)
		y.at++
	}
	sep := "\n"
	if head[0] == '>' {
		sep = " "
	}
	return strings.TrimRight(strings.Join(out, sep), "\n ")
}

// scalar reads a text that begins with text and goes on as long as lines are
// indented more than indent.
func (y *yaml) scalar(text string, indent int) any {
	for !y.ends(text) && !y.done() && (y.line().text == "" || y.line().indent > indent) {
		if text[0] != '\'' && text[0] != '"' && yamlKey.MatchString(y.line().text) {
			y.fail("is a key inside of a text")
		}
		text += " " + y.line().text
		y.at++
	}
	return y.word(text)
}

// ends reports whether a text is complete: quoted ones end with their quote,
// others where the indentation does.
func (y *yaml) ends(text string) bool {
	switch text[0] {
	case '\'', '"':
		return yamlQuoted.MatchString(text)
	case '[', '{':
		return true
	}
	return false
}

var (
	yamlQuoted = regexp.MustCompile(`^(?:'(?:[^']|'')*'|"(?:[^"\\]|\\.)*")(?: +#.*)?$`)
	yamlNumber = regexp.MustCompile(`^[-+]?(?:0|[1-9][0-9]*)(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?$`)
)

// word is a value of one word or text.
func (y *yaml) word(text string) any {
	switch c := text[0]; {
	case c == '\'' || c == '"':
		return y.quoted(text)
	case text == "[]":
		return []any{}
	case text == "{}":
		return object{}
	case strings.IndexByte("[{&*!|>%@`", c) >= 0:
		y.at--
		y.fail("has a sign that is not read here: " + clip(text))
	}
	text, _, _ = strings.Cut(text, " #")
	text = strings.TrimRight(text, " ")
	switch text {
	case "null", "~":
		return nil
	case "true", "True", "TRUE":
		return true
	case "false", "False", "FALSE":
		return false
	}
	if yamlNumber.MatchString(text) {
		n, err := strconv.ParseFloat(text, 64)
		if err == nil {
			return n
		}
	}
	return text
}

func (y *yaml) quoted(text string) string {
	if !yamlQuoted.MatchString(text) {
		y.at--
		y.fail("ends before its quotation mark")
	}
	text = text[:strings.LastIndexByte(text, text[0])+1]
	if text[0] == '\'' {
		return strings.ReplaceAll(text[1:len(text)-1], "''", "'")
	}
	out, err := strconv.Unquote(text)
	if err != nil {
		y.at--
		y.fail("has an escape that is not read here")
	}
	return out
}
