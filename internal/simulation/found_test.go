package simulation

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// TestFound plays the histories that broke a rule once, shrunk: what was found stays mended, also when other seeds play other
// histories one day. A file says everything that follows from no seed any more.
func TestFound(t *testing.T) {
	files, err := filepath.Glob("testdata/found/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal("no histories: ", err)
	}
	onStage(t, func(on *stage) {
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				on.Fatal(err)
			}
			var p plan
			if err := json.Unmarshal(text, &p); err != nil {
				on.Fatalf("%s: %v", file, err)
			}
			if report, _ := on.play(p, false); len(report.Violations) > 0 {
				text, _ := on.story(p)
				on.Errorf("%s: %s", file, text)
			}
		}
	})
}

// keepPlan writes a shrunk history to the folder that -keep names.
func keepPlan(t *testing.T, p plan) {
	if *keep == "" {
		return
	}
	text, err := json.MarshalIndent(p, "", "\t")
	if err == nil {
		err = os.WriteFile(filepath.Join(*keep, fmt.Sprintf("%06d.json", p.Seed)), append(text, '\n'), 0o644)
	}
	if err != nil {
		t.Error(err)
	}
}
