// Package markup reads what authors write and writes it as a platform wants it. It
// is the one place in which marks are turned into other marks.
//
// The Markdown that it reads is a part of the common one, chosen so that a text
// that nobody meant as Markdown stays as it is: **bold** (or __bold__), *italic* (or
// _italic_), ~~struck out~~, ||hidden||, `code`, [words](https://crier.example),
// <https://crier.example>, and at the start of lines # headings, > quotes, - points
// and ``` blocks of code. A backslash takes the meaning of the sign after it.
// Whatever fits none of it is text, and no text is ever lost. Line breaks stay
// where they are. HTML is that of editors in the browser.
package markup

import (
	"slices"
	"strings"
)

// Kind says what a Node is.
type Kind int

// The kinds of nodes. Those up to Code have Text and no Nodes, but for the link
// and the block of code, which have an argument as well.
const (
	Text    Kind = iota
	Address      // a web address as it is, in Text
	Code         // Text as it is
	Bold
	Italic
	Strike
	Spoiler
	Link // Nodes that lead to Arg
)

// Node is a part of a line.
type Node struct {
	Kind  Kind
	Text  string
	Arg   string
	Nodes []Node
}

// BlockKind says what a Block is.
type BlockKind int

// The kinds of blocks.
const (
	Paragraph BlockKind = iota // one or several lines, also empty ones
	Heading                    // Arg is its signs, such as ##
	Quote
	Point     // of a list; Arg is its number with a dot, or empty
	CodeBlock // Text as it is; Arg is the language, or empty
)

// Block is one or several whole lines.
type Block struct {
	Kind  BlockKind
	Text  string
	Arg   string
	Nodes []Node
}

// Doc is a text that was read. Between two blocks there is one line break.
type Doc struct {
	Blocks []Block
}

// Markdown reads s. Every text can be read; bytes that are no UTF-8 become U+FFFD.
func Markdown(s string) Doc {
	var d Doc
	lines := strings.Split(strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\r\n", "\n"), "\n")
	for len(lines) > 0 {
		b, n := firstBlock(lines)
		d.Blocks = append(d.Blocks, b)
		lines = lines[n:]
	}
	return d
}

// firstBlock reads the block that lines begin with, and says how many it takes.
func firstBlock(lines []string) (Block, int) {
	if lang, ok := fence(lines[0]); ok {
		if end := slices.IndexFunc(lines[1:], func(l string) bool { return strings.TrimSpace(l) == "```" }); end >= 0 {
			return Block{Kind: CodeBlock, Arg: lang, Text: strings.Join(lines[1:1+end], "\n")}, end + 2
		}
		return Block{Nodes: inline(lines[0])}, 1
	}
	kind, arg, rest := lead(lines[0])
	if kind == Heading || kind == Point {
		return Block{Kind: kind, Arg: arg, Nodes: inline(rest)}, 1
	}
	text, n := []string{rest}, 1
	for ; n < len(lines); n++ {
		next, _, more := lead(lines[n])
		if _, code := fence(lines[n]); code || next != kind {
			break
		}
		text = append(text, more)
	}
	return Block{Kind: kind, Nodes: inline(strings.Join(text, "\n"))}, n
}

// fence reads the line that begins a block of code.
func fence(line string) (string, bool) {
	lang, ok := strings.CutPrefix(line, "```")
	lang = strings.TrimSpace(lang)
	return lang, ok && !strings.ContainsFunc(lang, func(r rune) bool { return !isWord(r) && r != '-' && r != '+' && r != '#' })
}

// lead reads what a line begins with, and returns the rest of it.
func lead(line string) (kind BlockKind, arg, rest string) {
	if signs, text, ok := headingOf(line); ok {
		return Heading, signs, text
	}
	if text, ok := strings.CutPrefix(line, "> "); ok {
		return Quote, "", text
	}
	if number, text, ok := pointOf(line); ok {
		return Point, number, text
	}
	return Paragraph, "", line
}

func headingOf(line string) (signs, text string, ok bool) {
	rest := strings.TrimLeft(line, "#")
	signs, text = line[:len(line)-len(rest)], strings.TrimSpace(rest)
	return signs, text, signs != "" && len(signs) <= 6 && strings.HasPrefix(rest, " ") && text != ""
}

func pointOf(line string) (number, text string, ok bool) {
	for _, sign := range []string{"- ", "* "} {
		if text, ok := strings.CutPrefix(line, sign); ok {
			return "", text, strings.TrimSpace(text) != ""
		}
	}
	digits := line[:len(line)-len(strings.TrimLeft(line, "0123456789"))]
	text, ok = strings.CutPrefix(line[len(digits):], ". ")
	return digits + ".", text, ok && digits != "" && len(digits) < 4 && strings.TrimSpace(text) != ""
}
