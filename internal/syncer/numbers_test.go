package syncer_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// withoutTest are the faults of docs/testing.md that no test is named after, and why.
var withoutTest = map[int]string{
	49: "series", 50: "series", 51: "series",
}

// grants are the faults of a sign-in by OAuth: each is tried on the client alone or on what is sealed, and through the whole program.
var grants = []int{9, 56, 57, 58, 59, 60}

// TestFaultNumbers_each_has_a_test lists the numbers F1 to F60 that no test is named after.
func TestFaultNumbers_each_has_a_test(t *testing.T) {
	t.Parallel()
	named := map[int]bool{}
	for _, folder := range []string{".", "../scheduler", "../store", "../httpd", "../oauth", "../service", "../../cmd/agenda"} {
		for number := range namedIn(t, folder) {
			named[number] = true
		}
	}
	var missing, known []string
	for number := 1; number <= 60; number++ {
		if !named[number] {
			missing = append(missing, fmt.Sprint("F", number))
		}
		if _, without := withoutTest[number]; without {
			known = append(known, fmt.Sprint("F", number))
		}
	}
	if diff := cmp.Diff(known, missing); diff != "" {
		t.Errorf("faults without a test (-known +found):\n%s", diff)
	}
	slices.Sort(missing)
	t.Logf("without a test: %v", missing)
}

// withoutJudge are the numbers whose tests do not end with the oracle, and why.
var withoutJudge = map[int]string{
	56: "grant", 57: "grant", 58: "grant", 59: "grant", 60: "grant", // of the whole program, before an authorisation server
}

// TestFaultNumbers_end_with_the_oracle: each number has a test in this package that ends with it, which is every test of a world that is
// named after a number (judge).
func TestFaultNumbers_end_with_the_oracle(t *testing.T) {
	t.Parallel()
	judged := map[string]bool{}
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	world := regexp.MustCompile(`\b(one|each|newWorld|endsRight|understood)\(`)
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, test := range regexp.MustCompile(`(?ms)^func Test([FB])0*(\d+)_.*?^}`).FindAllSubmatch(source, -1) {
			if world.Match(test[0]) {
				judged[string(test[1])+string(test[2])] = true
			}
		}
	}
	var missing, known []string
	for number := 1; number <= 60; number++ {
		name := fmt.Sprint("F", number)
		if !judged[name] {
			missing = append(missing, name)
		}
		if withoutTest[number] != "" || withoutJudge[number] != "" {
			known = append(known, name)
		}
	}
	for number := 37; number <= 43; number++ {
		if name := fmt.Sprint("B", number); !judged[name] {
			missing = append(missing, name)
		}
	}
	if diff := cmp.Diff(known, missing); diff != "" {
		t.Errorf("numbers whose tests do not end with the oracle (-known +found):\n%s", diff)
	}
}

// TestFaultNumbers_of_bad_answers: B37 to B43, what a server's XML may be like, are tried through the engine.
func TestFaultNumbers_of_bad_answers(t *testing.T) {
	t.Parallel()
	named := numbersIn(t, ".", "B")
	for number := 37; number <= 43; number++ {
		if !named[number] {
			t.Errorf("B%d: no test is named after it", number)
		}
	}
}

// TestFaultNumbers_of_grants_are_tried_through_the_whole_program: beside the tests of the parts.
func TestFaultNumbers_of_grants_are_tried_through_the_whole_program(t *testing.T) {
	t.Parallel()
	parts, whole := namedIn(t, "../oauth"), namedIn(t, "../../cmd/agenda")
	for number := range namedIn(t, "../service") {
		parts[number] = true
	}
	for _, number := range grants {
		if !parts[number] || !whole[number] {
			t.Errorf("F%d: tried in a part %t, through the program %t", number, parts[number], whole[number])
		}
	}
}

// namedIn are the numbers that tests of a folder are named after.
func namedIn(t *testing.T, folder string) map[int]bool {
	t.Helper()
	return numbersIn(t, folder, "F")
}

// numbersIn are the numbers behind a letter that tests of a folder are named after.
func numbersIn(t *testing.T, folder, letter string) map[int]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatalf("no tests in %s", folder)
	}
	named := map[int]bool{}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range regexp.MustCompile(`func Test`+letter+`(\d+)_`).FindAllSubmatch(source, -1) {
			number, _ := strconv.Atoi(string(match[1]))
			named[number] = true
		}
	}
	return named
}
