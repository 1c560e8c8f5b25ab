// Makes the golden cases of the template module with Go's own text/template.
// Their file is not named .json, so that no formatter takes their lines apart.
//
//	go run . > ../cases.golden        the golden cases, as JSON
//	go run . -serve < requests.json   renders [{"template", "data"}], for the fuzz test
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"time"
)

func main() {
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetEscapeHTML(false)
	if len(os.Args) > 1 && os.Args[1] == "-serve" {
		var requests []struct {
			Template string            `json:"template"`
			Data     map[string]string `json:"data"`
		}
		if err := json.NewDecoder(bufio.NewReader(os.Stdin)).Decode(&requests); err != nil {
			panic(err)
		}
		results := make([]Result, len(requests))
		for i, request := range requests {
			results[i] = renderInTime(request.Template, request.Data)
		}
		if err := encoder.Encode(results); err != nil {
			panic(err)
		}
		return
	}
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	line := func(value any) string {
		text := &lineWriter{}
		encoder := json.NewEncoder(text)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(value); err != nil {
			panic(err)
		}
		return string(text.bytes[:len(text.bytes)-1])
	}
	fmt.Fprintf(out, "{\n\"madeBy\": %q,\n\"data\": {\n", "test/golden/template/generate, "+runtime.Version())
	for i, name := range dataNames {
		fmt.Fprintf(out, "%q: %s%s\n", name, line(dataSets[name]), comma(i, len(dataNames)))
	}
	// One line a case: [template, output] or [template, class of the error, its line].
	fmt.Fprint(out, "},\n\"cases\": {\n")
	for i, name := range dataNames {
		fmt.Fprintf(out, "%q: [\n", name)
		templates := cases(name)
		for j, source := range templates {
			entry := []any{source}
			if result := render(source, dataSets[name]); result.Error == "" {
				entry = append(entry, result.Output)
			} else {
				entry = append(entry, result.Error, result.Line)
			}
			fmt.Fprintf(out, "%s%s\n", line(entry), comma(j, len(templates)))
		}
		fmt.Fprintf(out, "]%s\n", comma(i, len(dataNames)))
	}
	fmt.Fprint(out, "}\n}\n")
}

// renderInTime gives up on a template that ranges over a huge number: Go has no way to stop it.
func renderInTime(source string, data map[string]string) Result {
	done := make(chan Result, 1)
	go func() { done <- render(source, data) }()
	select {
	case result := <-done:
		return result
	case <-time.After(500 * time.Millisecond):
		return Result{Error: "timeout"}
	}
}

type lineWriter struct{ bytes []byte }

func (w *lineWriter) Write(p []byte) (int, error) {
	w.bytes = append(w.bytes, p...)
	return len(p), nil
}

func comma(i, n int) string {
	if i == n-1 {
		return ""
	}
	return ","
}
