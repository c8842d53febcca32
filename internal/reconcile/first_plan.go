package reconcile

import (
	"crypto/sha256"
	"maps"
	"slices"
	"strings"

	"agendaonline/internal/crm"
)

// FirstEvent is an event of the calendar as the first sync of a link finds it.
type FirstEvent struct {
	Known   bool       // it is an action's already: by what both sides agreed on, its UID or an alias
	Aside   crm.Reason // why it cannot be used, "" when it can
	Changed bool       // it was looked at before, waited or was left out, and has changed since
	Others  bool       // it is somebody else's: its action will be read-only
	Like    Likeness
	Last    crm.Date // its last day in the zone of the link's user

	Elsewhere crm.UserID // in whose linked calendar it stands as well; zero: nobody's
	Meeting   bool       // it has guests: its copies are in their calendars
}

// SameCalendar is whose calendar this one is already: most of its events, and five at least, stand in that one too; the zero UserID
// when it is nobody's (semantics 2). Meetings say nothing: each of their guests has a copy.
func SameCalendar(events []FirstEvent) crm.UserID {
	const least = 5
	all, shared := 0, map[crm.UserID]int{}
	for _, event := range events {
		if event.Aside == "" && !event.Meeting {
			all++
			shared[event.Elsewhere]++
		}
	}
	for user, n := range shared {
		if !user.IsZero() && n >= least && 2*n > all {
			return user
		}
	}
	return crm.UserID{}
}

// FirstAction is an action of the link's user that has no event in the calendar.
type FirstAction struct {
	ID   crm.ActionID
	Like Likeness
	When crm.When
}

// Likeness is equal for an event and an action that were likely typed for the same; the zero Likeness is like nothing. It stands
// for the texts it is made of, which take ten times the room in a calendar of 100,000 events.
type Likeness [16]byte

// LikenessOf is that of a subject, but for case and spaces, and of when it is, as eventmap.Times writes it. Without either it is
// like nothing.
func LikenessOf(subject, times string) Likeness {
	folded := strings.ToLower(strings.Join(strings.Fields(subject), " "))
	if folded == "" || times == "" {
		return Likeness{}
	}
	sum := sha256.Sum256([]byte(folded + "\x00" + times))
	return Likeness(sum[:16])
}

// FirstRules are what a first sync is decided by.
type FirstRules struct {
	Today crm.Date // in the zone of the link's user
	// Start is the day that was chosen: what ends before it is left out. The zero Date leaves nothing out.
	Start crm.Date
	// Decided: a person let the plan go on, or it was looked at before: nothing of it waits for its size.
	Decided bool
	// ReadOnly: the calendar takes no events.
	ReadOnly bool
	// Most is how many items go on without a person; 0: FirstLimit.
	Most int
}

// FirstFate is what a first sync does with one event or action.
type FirstFate string

// The fates.
const (
	FirstNothing  FirstFate = ""          // known, or nothing to have an event of
	FirstCreate   FirstFate = "create"    // the event becomes an action, the action an event
	FirstTwin     FirstFate = "twin"      // typed on both sides, likely: a person is asked
	FirstLeftOut  FirstFate = "left_out"  // it ends before the start that was chosen
	FirstSetAside FirstFate = "set_aside" // it cannot be used
	FirstWaits    FirstFate = "waits"     // a person is asked about the whole plan
)

// FirstLimit is how many events make the plan ask for a start, and how many items make it wait for one (semantics 4).
const FirstLimit = 2000

// FirstPlan is what the first sync of a link is going to do: a value to show to a person before anything is touched.
type FirstPlan struct {
	Events  []FirstFate
	Twins   []crm.ActionID // of the events that have one, beside Events; else zero
	Actions []FirstFate    // beside the actions that were given
	Counts  FirstCounts
	Held    bool // it waits for a person
}

// FirstCounts are the figures of a plan. Days are written 2006-01-02; each item counts on its last.
type FirstCounts struct {
	Events   map[string]int `json:"events,omitempty"`  // that become actions
	Actions  map[string]int `json:"actions,omitempty"` // that become events
	Known    int            `json:"known,omitempty"`
	Twins    int            `json:"twins,omitempty"`
	LeftOut  int            `json:"left_out,omitempty"`
	SetAside int            `json:"set_aside,omitempty"`
	Others   int            `json:"others,omitempty"` // of Events, those of somebody else
}

// EventsFrom is how many events become actions when nothing is brought in that ends before start.
func (c FirstCounts) EventsFrom(start crm.Date) int { return from(c.Events, start) }

// ActionsFrom is how many actions become events then.
func (c FirstCounts) ActionsFrom(start crm.Date) int { return from(c.Actions, start) }

func from(days map[string]int, start crm.Date) int {
	n := 0
	for day, count := range days {
		if start.IsZero() || day >= start.String() { // as text they are in order of time
			n += count
		}
	}
	return n
}

// FirstYear is how much of a plan ends in one year.
type FirstYear struct{ Year, Events, Actions int }

// Years are the years of a plan, the latest first.
func (c FirstCounts) Years() []FirstYear {
	years := map[int]FirstYear{}
	add := func(days map[string]int, to func(*FirstYear, int)) {
		for text, count := range days {
			day, err := crm.ParseDate(text)
			if err != nil {
				continue
			}
			year := years[day.Year]
			year.Year = day.Year
			to(&year, count)
			years[day.Year] = year
		}
	}
	add(c.Events, func(y *FirstYear, n int) { y.Events += n })
	add(c.Actions, func(y *FirstYear, n int) { y.Actions += n })
	return slices.SortedFunc(maps.Values(years), func(a, b FirstYear) int { return b.Year - a.Year })
}

// Items is how many events and actions a plan is about, a pair that looks like twins once.
func (c FirstCounts) Items() int {
	return c.EventsFrom(crm.Date{}) + c.ActionsFrom(crm.Date{}) + c.Twins
}

// Start is the day that is preselected, the zero Date where there is no need of one: the first of this year, or today where the
// year alone has too many.
func (c FirstCounts) Start(today crm.Date) crm.Date {
	if c.EventsFrom(crm.Date{}) <= FirstLimit {
		return crm.Date{}
	}
	if year := (crm.Date{Year: today.Year, Month: 1, Day: 1}); c.EventsFrom(year) <= FirstLimit {
		return year
	}
	return today
}

// PlanFirstSync plans the first sync of a link from all events of its calendar, in order, and all actions of its user that have
// no event there (semantics 4). An action is the twin of one event at most.
func PlanFirstSync(events []FirstEvent, actions []FirstAction, rules FirstRules) FirstPlan {
	same := map[Likeness][]int{}
	for i, action := range actions {
		if action.Like != (Likeness{}) {
			same[action.Like] = append(same[action.Like], i)
		}
	}
	plan := FirstPlan{Events: make([]FirstFate, len(events)), Twins: make([]crm.ActionID, len(events)), Actions: make([]FirstFate, len(actions))}
	counts := &plan.Counts
	for i, event := range events {
		switch {
		case event.Known:
			counts.Known++
		case event.Aside != "":
			plan.Events[i] = FirstSetAside
			counts.SetAside++
		case before(event.Last, rules.Start) && !event.Changed:
			plan.Events[i] = FirstLeftOut
			counts.LeftOut++
		case len(same[event.Like]) > 0:
			twin := same[event.Like][0]
			same[event.Like] = same[event.Like][1:]
			plan.Events[i], plan.Twins[i], plan.Actions[twin] = FirstTwin, actions[twin].ID, FirstTwin
			counts.Twins++
		default:
			plan.Events[i] = FirstCreate
			counts.Events = counted(counts.Events, event.Last)
			if event.Others {
				counts.Others++
			}
		}
	}
	for i, action := range actions {
		if plan.Actions[i] == FirstTwin {
			continue
		}
		if plan.Actions[i] = rules.Action(action.When); plan.Actions[i] == FirstCreate {
			counts.Actions = counted(counts.Actions, action.When.LastDate())
		}
	}
	most := rules.Most
	if most == 0 {
		most = FirstLimit
	}
	if plan.Held = !rules.Decided && rules.Start.IsZero() && counts.Items() > most; plan.Held {
		wait(plan.Events)
		wait(plan.Actions)
	}
	return plan
}

// Action is what a first sync does with an action that has no event and no twin (semantics 4, rules 2 and 3).
func (r FirstRules) Action(when crm.When) FirstFate {
	switch create, _ := ShouldCreate(when, OriginFirstSync, r.Today); {
	case !create, r.ReadOnly:
		return FirstNothing
	case before(when.LastDate(), r.Start):
		return FirstLeftOut
	}
	return FirstCreate
}

func wait(fates []FirstFate) {
	for i, fate := range fates {
		if fate == FirstCreate {
			fates[i] = FirstWaits
		}
	}
}

// before reports whether what ends on a day is left out of a sync that begins at start.
func before(last, start crm.Date) bool {
	return !start.IsZero() && !last.IsZero() && last.Compare(start) < 0
}

func counted(days map[string]int, day crm.Date) map[string]int {
	if days == nil {
		days = map[string]int{}
	}
	days[day.String()]++
	return days
}
