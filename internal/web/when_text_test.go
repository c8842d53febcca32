package web

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"agendaonline/internal/crm"
)

func TestWhen_every_shape_is_said_in_every_language(t *testing.T) {
	t.Parallel()
	day, next := crm.Date{Year: 2026, Month: 11, Day: 25}, crm.Date{Year: 2026, Month: 11, Day: 26}
	two, four := crm.NewClock(14, 0, 0), crm.NewClock(16, 0, 0)
	for _, c := range []struct {
		when crm.When
		want [3]string // nl, fr, en: under the heading of its day | with its day
	}{
		{crm.When{}, [3]string{"geen datum | geen datum", "pas de date | pas de date", "no date | no date"}},
		{crm.When{StartDate: day}, [3]string{"hele dag | wo 25 nov", "toute la journée | mer. 25 nov.", "all day | Wed 25 Nov"}},
		{crm.When{EndDate: day}, [3]string{"hele dag | wo 25 nov", "toute la journée | mer. 25 nov.", "all day | Wed 25 Nov"}},
		{crm.When{StartDate: day, EndDate: day}, [3]string{"hele dag | wo 25 nov", "toute la journée | mer. 25 nov.", "all day | Wed 25 Nov"}},
		{crm.When{StartDate: day, EndDate: next}, [3]string{"hele dag, t/m do 26 nov | wo 25 nov – do 26 nov", "jusqu’au jeu. 26 nov. | mer. 25 nov. – jeu. 26 nov.", "all day, through Thu 26 Nov | Wed 25 Nov – Thu 26 Nov"}},
		{crm.When{StartDate: day, StartTime: two}, [3]string{"14:00 | wo 25 nov, 14:00", "14:00 | mer. 25 nov., 14:00", "14:00 | Wed 25 Nov, 14:00"}},
		{crm.When{StartDate: day, StartTime: two, EndTime: four}, [3]string{"14:00 – 16:00 | wo 25 nov, 14:00 – 16:00", "14:00 – 16:00 | mer. 25 nov., 14:00 – 16:00", "14:00 – 16:00 | Wed 25 Nov, 14:00 – 16:00"}},
		{crm.When{StartDate: day, StartTime: two, EndDate: next}, [3]string{"14:00 – do 26 nov | wo 25 nov, 14:00 – do 26 nov", "14:00 – jeu. 26 nov. | mer. 25 nov., 14:00 – jeu. 26 nov.", "14:00 – Thu 26 Nov | Wed 25 Nov, 14:00 – Thu 26 Nov"}},
		{crm.When{StartDate: day, StartTime: two, EndDate: day}, [3]string{"14:00 – einde van de dag | wo 25 nov, 14:00 – einde van de dag", "14:00 – fin de journée | mer. 25 nov., 14:00 – fin de journée", "14:00 – end of the day | Wed 25 Nov, 14:00 – end of the day"}},
		{crm.When{StartDate: day, StartTime: two, EndDate: next, EndTime: four}, [3]string{"14:00 – do 26 nov 16:00 | wo 25 nov, 14:00 – do 26 nov 16:00", "14:00 – jeu. 26 nov. 16:00 | mer. 25 nov., 14:00 – jeu. 26 nov. 16:00", "14:00 – Thu 26 Nov 16:00 | Wed 25 Nov, 14:00 – Thu 26 Nov 16:00"}},
		{crm.When{EndDate: day, EndTime: four}, [3]string{"tot 16:00 | wo 25 nov, tot 16:00", "jusqu’à 16:00 | mer. 25 nov., jusqu’à 16:00", "until 16:00 | Wed 25 Nov, until 16:00"}},
		{crm.When{StartDate: day, EndDate: next, EndTime: four}, [3]string{"tot do 26 nov 16:00 | wo 25 nov, tot do 26 nov 16:00", "jusqu’à jeu. 26 nov. 16:00 | mer. 25 nov., jusqu’à jeu. 26 nov. 16:00", "until Thu 26 Nov 16:00 | Wed 25 Nov, until Thu 26 Nov 16:00"}},
	} {
		c.when.Zone = "UTC"
		var got [3]string
		for i, lang := range []string{"nl", "fr", "en"} {
			w := on(lang, 2026, 11, 23)
			got[i] = w.WhenInDay(c.when) + " | " + w.When(c.when)
		}
		if difference := cmp.Diff(c.want, got); difference != "" {
			t.Errorf("%s (-want +got):\n%s", c.when, difference)
		}
	}
}

func TestWhen_a_zone_that_is_not_the_readers_is_named(t *testing.T) {
	t.Parallel()
	w := on("en", 2026, 11, 23)
	day := crm.Date{Year: 2027, Month: 1, Day: 2}
	if got, want := w.When(crm.When{StartDate: day, StartTime: crm.NewClock(9, 0, 0), Zone: "Europe/Lisbon"}), "Sat 2 Jan 2027, 09:00 (Europe/Lisbon)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := w.When(crm.When{StartDate: day, Zone: "Europe/Lisbon"}), "Sat 2 Jan 2027"; got != want {
		t.Errorf("an all-day one has no zone to name: got %q, want %q", got, want)
	}
}
