// Command report reads "go test -json" from standard input and prints what a person wants to know: one line per package as
// it ends, the output of what failed, and at the end what was skipped and why. It exits with 1 when something failed.
//
// With -skips FILE the skipped tests are appended to FILE instead, so that several runs can be told about at once.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
)

// event is one line of "go test -json" (go doc test2json).
type event struct {
	Action      string
	Package     string
	ImportPath  string // of build output
	Test        string
	Elapsed     float64
	Output      string
	FailedBuild string
}

// name is what output belongs to: a test, or a package where Test is "".
type name struct{ pkg, test string }

const module = "agendaonline/"

func main() {
	skips := flag.String("skips", "", "append the skipped tests to this file")
	flag.Parse()
	failed, skipped, err := report(os.Stdin, os.Stdout)
	if err == nil {
		err = tell(*skips, skipped)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "report:", err)
		os.Exit(1)
	}
	if failed {
		os.Exit(1)
	}
}

func tell(path string, skipped []string) error {
	out := os.Stdout
	if path != "" {
		file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		defer file.Close()
		out = file
	}
	for _, line := range skipped {
		if _, err := fmt.Fprintln(out, line); err != nil {
			return err
		}
	}
	return nil
}

// report returns whether something failed, and a line for each skipped test.
func report(in io.Reader, out io.Writer) (failed bool, skipped []string, err error) {
	lines := bufio.NewReader(in)
	output := map[name][]string{}
	failing := map[string][]string{} // the tests that failed, by package
	passed := map[string]int{}
	for {
		line, readErr := lines.ReadBytes('\n')
		if len(line) > 0 {
			var e event
			if json.Unmarshal(line, &e) != nil {
				fmt.Fprintf(out, "%s", line) // go itself speaks: a module that cannot be had, say
			} else {
				one, bad := e.take(out, output, failing, passed)
				failed = failed || bad
				if one != "" {
					skipped = append(skipped, one)
				}
			}
		}
		if readErr == io.EOF {
			slices.Sort(skipped)
			return failed, skipped, nil
		}
		if readErr != nil {
			return true, skipped, readErr
		}
	}
}

// take handles one event and returns the line of a skipped test and whether a package failed.
func (e event) take(out io.Writer, output map[name][]string, failing map[string][]string, passed map[string]int) (skipped string, failed bool) {
	key := name{e.Package, e.Test}
	short := strings.TrimPrefix(e.Package, module)
	switch {
	case e.Action == "build-output":
		fmt.Fprint(out, e.Output)
	case e.Action == "build-fail":
		return "", true
	case e.Action == "output":
		output[key] = append(output[key], e.Output)
	case e.Test != "" && e.Action == "pass":
		passed[e.Package]++
		delete(output, key)
	case e.Test != "" && e.Action == "skip":
		skipped = fmt.Sprintf("%s %s: %s", short, e.Test, reason(output[key]))
		delete(output, key)
	case e.Test != "" && e.Action == "fail":
		failing[e.Package] = append(failing[e.Package], e.Test)
	case e.Test == "" && e.Action == "skip":
		delete(output, key) // no test files
	case e.Test == "" && e.Action == "pass":
		fmt.Fprintf(out, "    ok    %-42s %5d tests %8s\n", short, passed[e.Package], seconds(e.Elapsed))
		delete(output, key)
	case e.Test == "" && e.Action == "fail":
		for _, test := range failing[e.Package] {
			fmt.Fprint(out, strings.Join(output[name{e.Package, test}], ""))
		}
		fmt.Fprint(out, strings.Join(output[key], ""))
		// A package that ended by itself leaves tests that neither passed nor failed: they may be why.
		for left, text := range output {
			if left.pkg == e.Package && left.test != "" && !slices.Contains(failing[e.Package], left.test) {
				fmt.Fprintf(out, "    unfinished: %s\n%s", left.test, strings.Join(text, ""))
			}
		}
		fmt.Fprintf(out, "    FAIL  %-42s %5d failed %7s\n", short, len(failing[e.Package]), seconds(e.Elapsed))
		return "", true
	}
	return skipped, false
}

// reason is what the test said when it skipped: the last line that is none of the test runner's own.
func reason(lines []string) string {
	for _, line := range slices.Backward(lines) {
		text := strings.TrimSpace(line)
		if text == "" || strings.HasPrefix(text, "---") || strings.HasPrefix(text, "===") {
			continue
		}
		// "file_test.go:12: reason"
		if _, after, found := strings.Cut(text, ": "); found && strings.Contains(text, ".go:") {
			return after
		}
		return text
	}
	return "no reason given"
}

func seconds(elapsed float64) string {
	return time.Duration(elapsed * float64(time.Second)).Round(100 * time.Millisecond).String()
}
