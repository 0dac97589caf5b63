package config

import (
	"errors"
	"fmt"
	"io/fs"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"
)

// loader collects the values of one call and all that is wrong with them.
type loader struct {
	env      map[string]string
	readFile func(string) ([]byte, error)
	problems Problems
	warnings []string
	origins  map[string]string
	// suffix ends the names of all variables.
	suffix string
}

func newLoader(environ []string, readFile func(string) ([]byte, error)) *loader {
	l := &loader{env: map[string]string{}, readFile: readFile, origins: map[string]string{}}
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		l.env[name] = value
	}
	return l
}

// problem notes what is wrong with a variable.
func (l *loader) problem(name, message, fix string) {
	l.problems = append(l.problems, Problem{Variable: name, Message: message, Fix: fix})
}

// fill sets the fields of the struct that into points to and returns the names
// of the required variables that are not set.
func (l *loader) fill(into any) (missing []string) {
	p := reflect.ValueOf(into)
	if p.Kind() != reflect.Pointer || p.Elem().Kind() != reflect.Struct {
		panic(fmt.Sprintf("config: settings are read into a pointer to a struct, not into %T", into))
	}
	for _, s := range slots(p.Elem()) {
		s.Name += l.suffix
		raw, set := l.lookup(s.Setting)
		switch {
		case set:
			l.store(s, raw)
		case l.blamed(s.Name):
		case s.Default != "":
			if err := s.parse(s.Default); err != nil {
				panic(fmt.Sprintf("config: the default of %s: %v", s.Name, err))
			}
		case s.Required:
			missing = append(missing, s.Name)
		}
	}
	return missing
}

// blamed reports whether a problem with the variable, or with the one that
// names its file, was noted already.
func (l *loader) blamed(name string) bool {
	return slices.ContainsFunc(l.problems, func(p Problem) bool {
		return p.Variable == name || p.Variable == name+FileSuffix
	})
}

// lookup finds the value of a setting in its variable or in the file that its
// twin names. An empty variable counts as not set: that is what compose files
// pass on for a variable that nobody gave them.
func (l *loader) lookup(s Setting) (raw string, set bool) {
	value, file := l.env[s.Name], l.env[s.Name+FileSuffix]
	switch {
	case value != "" && file != "":
		l.problem(s.Name, fmt.Sprintf("%s is set as well.", s.Name+FileSuffix), "Remove one of the two.")
		return "", false
	case file != "":
		return l.fromFile(s.Name+FileSuffix, file)
	case value == "":
		return "", false
	}
	l.origins[s.Name] = "environment"
	return value, l.plain(s.Name, value, "the value")
}

// fromFile reads the value from the file that the variable name names.
func (l *loader) fromFile(name, file string) (string, bool) {
	if !l.plain(name, file, "the path") {
		return "", false
	}
	b, err := l.readFile(file)
	if err != nil {
		// The path stays out of the message: it may be a secret that was put
		// into the wrong variable.
		if pe, ok := errors.AsType[*fs.PathError](err); ok {
			err = pe.Err
		}
		l.problem(name, fmt.Sprintf("The file cannot be read: %v.", err), "Name a file that this user can read.")
		return "", false
	}
	value := strings.TrimSuffix(strings.TrimSuffix(string(b), "\n"), "\r")
	if value == "" {
		l.problem(name, fmt.Sprintf("The file %s is empty.", file), "Put the value into it, or remove the variable.")
		return "", false
	}
	l.origins[strings.TrimSuffix(name, FileSuffix)] = "file " + file
	return value, l.plain(name, value, "the content of the file")
}

// plain reports whether value is free of what people leave around values by
// mistake, and notes a problem where it is not.
func (l *loader) plain(name, value, what string) bool {
	first, last := value[0], value[len(value)-1]
	fix := "Remove the line, or fill it in."
	switch trimmed := strings.TrimSpace(value); {
	case trimmed == "":
		l.problem(name, fmt.Sprintf("%s is blank.", capital(what)), fix)
	case strings.Trim(trimmed, `"'`) == "":
		l.problem(name, fmt.Sprintf("%s is only quotes.", capital(what)), fix)
	case first == last && (first == '"' || first == '\''):
		l.problem(name, fmt.Sprintf("%s has quotes around it.", capital(what)), "Remove them.")
	case trimmed != value:
		l.problem(name, fmt.Sprintf("%s begins or ends with a space or a line break.", capital(what)), "Remove it.")
	case !utf8.ValidString(value) || strings.ContainsRune(value, 0):
		l.problem(name, fmt.Sprintf("%s is not valid text.", capital(what)), "Write it in UTF-8.")
	default:
		return true
	}
	return false
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// store parses raw into the field and notes a problem where it does not fit.
func (l *loader) store(s slot, raw string) {
	told := func(wrong string) string {
		if s.Secret {
			return capital(wrong) + "."
		}
		return fmt.Sprintf("%q: %s.", clip(raw), wrong)
	}
	if len(s.Enum) > 0 && !slices.Contains(s.Enum, raw) {
		l.problem(s.Name, told("it is none of the choices"), s.fix())
		return
	}
	if err := s.parse(raw); err != nil {
		l.problem(s.Name, told(err.Error()), s.fix())
		return
	}
	if s.outside() {
		l.problem(s.Name, told("it is out of range"), s.fix())
	}
}

// clip keeps a quoted value short enough for one line.
func clip(s string) string {
	const most = 80
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
