//go:build unix

package syncer_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/sandbox"
	"agendaonline/internal/service"
	"agendaonline/internal/store"
	"agendaonline/internal/store/storetest"
	"agendaonline/internal/syncer"
)

const limited = "AGENDA_TEST_FILES_LIMITED"

// A write of SQLite that the system refuses: by a limit on the size of files, which is the whole process's, so that it is tried in a
// process of its own. A file system that was mounted anew as read-only, and a disk with bad blocks, look the same to SQLite: an error of input and output.
func TestF34_writes_that_the_system_refuses_acknowledge_nothing_and_go_on_afterwards(t *testing.T) {
	t.Parallel()
	if os.Getenv(limited) == "" {
		child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v", fmt.Sprint("-test.short=", testing.Short()))
		child.Env = append(os.Environ(), limited+"=1")
		out, err := child.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "refused in the midst") {
			t.Errorf("in a process of its own: %v\n%s", err, out)
		}
		return
	}
	signal.Ignore(syscall.SIGXFSZ)
	want := undisturbed(t)
	inTheMidst := 0
	for _, more := range []int64{0, 4, 8, 16, 24, 32, 48, 64, 96}[:unlessShort(9, 5)] { // KiB that the log may still grow by
		t.Run(fmt.Sprint(more, "_KiB"), func(t *testing.T) {
			fresh := sqlite(t)
			w := newWorld(t, fresh, sandbox.Plain())
			busy(w)
			lease := w.leased()
			log, err := os.Stat(fresh.SQLite + "-wal")
			w.must(err)
			free := w.limit(log.Size() + more<<10)
			steps := len(w.steps)
			_, err = w.syncer.Run(w.Context(), lease, nil)
			if err != nil && len(w.steps) > steps {
				inTheMidst++
			}
			free()
			free = w.limit(1)
			if made, err := w.service.Create(w.Context(), w.anna, input("Not acknowledged", "2026-11-25 14:00 - 16:00", w.anna.User.ID)); err == nil {
				t.Errorf("saved %s where nothing can be written", made.ID)
			}
			free()
			w.clock.forward(2 * time.Hour) // more than the lease, and the longest wait between tries
			w.settle()
			w.same("as without", w.whole(), want)
			w.faithful()
		})
	}
	if inTheMidst == 0 {
		t.Error("no write was refused in the midst of a run")
	}
	t.Logf("%d of them refused in the midst of a run", inTheMidst)
}

// limit keeps the files of the process from growing beyond a size, until free is called.
func (w *world) limit(bytes int64) (free func()) {
	w.Helper()
	var before syscall.Rlimit
	w.must(syscall.Getrlimit(syscall.RLIMIT_FSIZE, &before))
	w.must(syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: uint64(bytes), Max: before.Max}))
	return func() {
		w.Helper()
		w.must(syscall.Setrlimit(syscall.RLIMIT_FSIZE, &before))
	}
}

// leased is a lease of Anna's link, as the scheduler takes it.
func (w *world) leased() store.Lease {
	w.Helper()
	link := w.links[w.anna.User.ID].ID
	var leases []store.Lease
	w.must(w.write(func(tx *store.Tx) error {
		if err := tx.Want(link, crm.TriggerScreen); err != nil {
			return err
		}
		var err error
		leases, err = tx.ClaimLeases("test", time.Hour, 1, []crm.LinkID{link})
		return err
	}))
	return leases[0]
}

// Another program holds the database, in the midst of a run: what waits is given up when its time is over, and made good later.
func TestF34_a_database_that_another_program_holds_acknowledges_nothing_and_goes_on_afterwards(t *testing.T) {
	t.Parallel()
	want := undisturbed(t)
	for _, moment := range []syncer.Point{{Moment: syncer.BeforeCommit, What: "promise"}, {Moment: syncer.AfterRequest, What: "put"}} {
		t.Run(fmt.Sprintf("%s_%s", moment.Moment, moment.What), func(t *testing.T) {
			t.Parallel()
			fresh := sqlite(t)
			w := newWorld(t, fresh, sandbox.Plain())
			busy(w)
			lease := w.leased()
			ctx, giveUp := context.WithCancel(w.Context())
			defer giveUp()
			var free func()
			w.meanwhile(moment.Moment, moment.What, func() {
				free = storetest.Hold(t, fresh.SQLite)
				time.AfterFunc(100*time.Millisecond, giveUp)
			})
			if _, err := w.syncer.Run(ctx, lease, nil); !errors.Is(err, context.Canceled) {
				t.Errorf("the run: got error %v, want that it was given up", err)
			}
			w.gate = nil
			saving, cancel := context.WithTimeout(w.Context(), 100*time.Millisecond)
			defer cancel()
			if made, err := w.service.Create(saving, w.anna, input("Not acknowledged", "2026-11-25 14:00 - 16:00", w.anna.User.ID)); err == nil {
				t.Errorf("saved %s while another program held the database", made.ID)
			}
			free()
			w.clock.forward(2 * time.Hour)
			w.settle()
			w.same("as without", w.whole(), want)
			w.faithful()
		})
	}
}

// The log of what was committed is lost and the file kept, as when a machine is copied carelessly: the database is an earlier one. Nothing is
// doubled, and what had reached the calendar comes from there.
func TestF34_a_lost_log_beside_the_file_is_an_earlier_database(t *testing.T) {
	t.Parallel()
	fresh := sqlite(t)
	w := newWorld(t, fresh, sandbox.Plain())
	linked(w)
	w.put(w.anna, "two", "Tea", "20261125T110000Z")
	w.sync(w.anna)
	saved := storetest.WithoutLog(t, fresh.SQLite)
	w.story.copied, w.story.kept = w.clock.now(), len(w.server.Writes(1))

	w.change(w.anna, w.named("Tea"), subject("Coffee"))
	w.create(w.anna, "Call", "2026-11-25 14:00 - 16:00")
	w.sync(w.anna)
	w.change(w.anna, w.named("Lunch"), func(in *service.ActionInput) { in.Description = "typed here" })
	w.push(w.anna)

	w.reopen(saved)
	w.settle()
	w.same("actions", w.subjects(), "[Call Coffee Lunch]")
	w.same("what had reached the calendar", w.action(w.named("Lunch")).Description, "typed here")
	w.same("events", len(w.items(w.anna)), 3)
	w.quiet(w.anna)
}
