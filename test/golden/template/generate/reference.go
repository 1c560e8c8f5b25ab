package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"text/template"
	"unicode/utf8"
)

// Result is what Go makes of one template: an output, or an error and its line.
type Result struct {
	Output string `json:"output,omitempty"`
	// Error is "syntax", "execution", or "unsupported" for what Go can do and the service refuses.
	Error   string `json:"error,omitempty"`
	Line    int    `json:"line,omitempty"`
	Message string `json:"message,omitempty"`
}

// pathFunction stands in for a placeholder. The agents call it kuscia; here no template may call it by its name. It shows where a placeholder
// stands in a string, so it is as long, and those who compare outputs put kuscia in its place.
const pathFunction = "pathfn"

var (
	placeholder = regexp.MustCompile(`\{\{\{\.([^{}]+)\}\}\}?`)
	errorLine   = regexp.MustCompile(`^template: t:(\d+)`)
	// Go's templates can do these, the service says that it cannot.
	unsupported = regexp.MustCompile(`\{\{-?\s*(define|template|block)\b|\d+i\b`)
)

// render does what the page says, with Go's own text/template and strconv doing the work.
func render(source string, data map[string]string) Result {
	values := map[string]string{}
	quoted := map[string]string{}
	for name, value := range data {
		values[strings.ToUpper(name)] = value
		quoted[strings.ToUpper(name)] = strings.Trim(strconv.Quote(value), `"`)
	}
	text := placeholder.ReplaceAllString(source, "{{"+pathFunction+` "${1}"}}`)
	query := func(path string) string { return show(resolve(path, values)) }
	parsed, err := template.New("t").Option("missingkey=zero").Funcs(template.FuncMap{pathFunction: query}).Parse(text)
	if err != nil {
		return failure("syntax", err)
	}
	if unsupported.MatchString(source) {
		return Result{Error: "unsupported"}
	}
	var out strings.Builder
	if err := parsed.Execute(&out, quoted); err != nil {
		return failure("execution", err)
	}
	if !utf8.ValidString(out.String()) {
		return Result{Error: "unsupported"}
	}
	return Result{Output: out.String()}
}

func failure(kind string, err error) Result {
	line := 0
	if match := errorLine.FindStringSubmatch(err.Error()); match != nil {
		line, _ = strconv.Atoi(match[1])
	}
	var exec template.ExecError
	if errors.As(err, &exec) {
		kind = "execution"
	}
	return Result{Error: kind, Line: line, Message: err.Error()}
}

// show is the text of a resolved placeholder.
func show(value any) string {
	switch value := value.(type) {
	case nil:
		return ""
	case string:
		return value
	default:
		text, err := json.Marshal(value)
		if err != nil {
			panic(fmt.Sprintf("cannot marshal: %v", err))
		}
		return string(text)
	}
}

// variable is the value of a name: parsed if it is an object or an array, else the text.
func variable(name string, values map[string]string) any {
	text, ok := values[name]
	if !ok {
		return nil
	}
	var parsed any
	if json.Unmarshal([]byte(text), &parsed) == nil {
		switch parsed.(type) {
		case map[string]any, []any:
			return parsed
		}
	}
	return text
}

// resolve walks a well-formed path, which begins behind its first dot.
func resolve(path string, values map[string]string) any {
	name, rest := cut(strings.TrimLeft(path, "."))
	value := variable(name, values)
	for rest != "" {
		if rest[0] == '.' {
			name, rest = cut(rest[1:])
			if name == "" {
				continue
			}
			if object, ok := value.(map[string]any); ok {
				value = object[name]
			} else {
				value = nil
			}
			continue
		}
		end := matching(rest)
		value, rest = element(value, rest[1:end], values), rest[end+1:]
	}
	return value
}

// cut splits off the name in front of the next dot or bracket.
func cut(path string) (name, rest string) {
	if i := strings.IndexAny(path, ".["); i >= 0 {
		return path[:i], path[i:]
	}
	return path, ""
}

func matching(path string) int {
	depth := 0
	for i, c := range path {
		switch c {
		case '[':
			depth++
		case ']':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	panic("unbalanced brackets")
}

func element(value any, inside string, values map[string]string) any {
	array, ok := value.([]any)
	if !ok {
		return nil
	}
	if strings.HasPrefix(inside, ".") {
		inside = show(resolve(inside[1:], values))
	} else if key, match, ok := strings.Cut(inside, "="); ok {
		for _, item := range array {
			if object, ok := item.(map[string]any); ok && object[key] != nil && show(object[key]) == match {
				return item
			}
		}
		return nil
	}
	index, err := strconv.Atoi(inside)
	if err != nil || index >= len(array) || index <= -len(array) {
		return nil
	}
	return array[(index+len(array))%len(array)]
}
