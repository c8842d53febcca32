package backup

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"agendaonline/internal/store"
	"agendaonline/internal/store/storetest"
)

// resident is how much memory of the machine the process has now, in MiB; 0 where that is not known.
func resident() float64 {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	pages, _ := strconv.Atoi(strings.Fields(string(text))[1])
	return float64(pages*os.Getpagesize()) / (1 << 20)
}

// peak watches memory grow.
type peak struct{ heap, before, after float64 }

func watching(o Options) (Options, *peak) {
	runtime.GC()
	p := &peak{before: resident()}
	o.Progress = func(Progress) {
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		p.heap = max(p.heap, float64(stats.HeapInuse)/(1<<20))
		p.after = max(p.after, resident())
	}
	return o, p
}

func (p *peak) report(b *testing.B) {
	b.ReportMetric(p.heap, "heap-MiB")
	b.ReportMetric(p.after-p.before, "more-resident-MiB")
}

// Benchmark writes and restores a database of 100,000 actions with their events: run with -benchtime=1x. AGENDA_BACKUP=FILE
// keeps the archive, for measuring a program with so many (tools/startup).
func Benchmark(b *testing.B) {
	source := storetest.Open(b, storetest.SQLite(b))
	fill1(b, source, 100_000)
	path := filepath.Join(b.TempDir(), "backup.gz")
	if keep := os.Getenv("AGENDA_BACKUP"); keep != "" {
		path = keep
	}
	b.Run("write", func(b *testing.B) {
		o, p := watching(options)
		for b.Loop() {
			file, err := os.Create(path)
			if err != nil {
				b.Fatal(err)
			}
			header, err := Write(context.Background(), source, file, o)
			if err != nil {
				b.Fatal(err)
			}
			size, _ := file.Seek(0, io.SeekEnd)
			file.Close()
			b.ReportMetric(float64(size)/(1<<20), "archive-MiB")
			b.ReportMetric(float64(header.Rows), "rows")
		}
		p.report(b)
	})
	open := func() (io.ReadCloser, error) { return os.Open(path) }
	for name, fresh := range map[string]func(testing.TB) store.Options{"SQLite": storetest.SQLite, "PostgreSQL": storetest.PostgreSQL} {
		b.Run("restore/"+name, func(b *testing.B) {
			o, p := watching(options)
			for b.Loop() {
				b.StopTimer()
				into := fresh(b)
				b.StartTimer()
				if _, err := Restore(context.Background(), into, open, o); err != nil {
					b.Fatal(err)
				}
			}
			p.report(b)
		})
	}
}
