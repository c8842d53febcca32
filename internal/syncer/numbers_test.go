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

// withoutTest are the faults of docs/testing.md that no test of the engine holds yet, and why.
var withoutTest = map[int]string{
	34: "a full disk and failed writes: store's own tests",
	35: "a database that restarts: store's own tests",
	38: "an upgrade in mid-push: there is one schema only",
	49: "series", 50: "series", 51: "series",
}

// TestFaultNumbers_each_has_a_test lists the numbers F1 to F55 that no test is named after.
func TestFaultNumbers_each_has_a_test(t *testing.T) {
	t.Parallel()
	named := map[int]bool{}
	for _, folder := range []string{".", "../scheduler"} {
		files, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			source, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, match := range regexp.MustCompile(`func TestF(\d+)_`).FindAllSubmatch(source, -1) {
				number, _ := strconv.Atoi(string(match[1]))
				named[number] = true
			}
		}
	}
	var missing, known []string
	for number := 1; number <= 55; number++ {
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
