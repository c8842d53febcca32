package service

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"agendaonline/internal/crm"
)

// The people and actions of docs/permissions.md.
var (
	follower      = crm.User{ID: crm.UserID{1}, Name: "Follower", Role: crm.RoleUser, Active: true}
	colleague     = crm.User{ID: crm.UserID{2}, Name: "Colleague", Role: crm.RoleUser, Active: true, Rights: crm.Rights{ChangeOthers: true, Reassign: true}}
	withoutRights = crm.User{ID: crm.UserID{3}, Name: "Without", Role: crm.RoleUser, Active: true}
	administrator = crm.User{ID: crm.UserID{4}, Name: "Administrator", Role: crm.RoleAdministrator, Active: true}
	third         = crm.User{ID: crm.UserID{5}, Name: "Third", Role: crm.RoleUser, Active: true}
	actionKinds   = map[string]crm.Action{
		"ordinary":                   {FollowedBy: follower.ID},
		"nobody follows it":          {},
		"private":                    {FollowedBy: follower.ID, Private: true},
		"ordinary in the trash":      {FollowedBy: follower.ID, DeletedAt: time.Unix(1, 0)},
		"private in the trash":       {FollowedBy: follower.ID, Private: true, DeletedAt: time.Unix(1, 0)},
		"shown as busy":              {FollowedBy: follower.ID, ShownBusy: true},
		"shown as busy in the trash": {FollowedBy: follower.ID, ShownBusy: true, DeletedAt: time.Unix(1, 0)},
	}
	answers = map[Access]string{Allowed: "yes", Refused: "no", Busy: "busy", Hidden: "hidden"}
)

type permissionRow struct{ deeds, objects, cells []string }

// permissionTables reads the two tables of docs/permissions.md.
func permissionTables(t *testing.T) [2][]permissionRow {
	t.Helper()
	text, err := os.ReadFile("../../docs/permissions.md")
	if err != nil {
		t.Fatal(err)
	}
	var tables [2][]permissionRow
	table := -1
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		switch {
		case !strings.HasPrefix(line, "|") || strings.HasPrefix(cells[0], "---"):
		case cells[0] == "deed":
			table++
		default:
			deeds, whom, hasWhom := strings.Cut(cells[0], " to ")
			row := permissionRow{strings.Split(deeds, ", "), strings.Split(cells[1], ", "), cells[2:]}
			if hasWhom {
				row.deeds[0] += " to " + whom
			}
			tables[table] = append(tables[table], row)
		}
	}
	return tables
}

func TestPermit_actions_follow_the_table(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, row := range permissionTables(t)[0] {
		for _, deedText := range row.deeds {
			for _, kind := range row.objects {
				action, known := actionKinds[kind]
				if !known || seen[deedText+kind] {
					t.Fatalf("%s, %q: unknown or twice in the table", deedText, kind)
				}
				seen[deedText+kind] = true
				for i, user := range []crm.User{follower, colleague, withoutRights, administrator} {
					deed, whom, _ := strings.Cut(deedText, " to ")
					to := map[string]crm.UserID{"a third person": third.ID, "oneself": user.ID}[whom]
					got := Permit(user, Deed(deed), Subject{Action: &action, To: to})
					if answers[got.Access] != row.cells[i] {
						t.Errorf("%s may %s, %s: got %s (%s), want %s", user.Name, deedText, kind, answers[got.Access], got.Code, row.cells[i])
					}
				}
			}
		}
	}
	const deeds, kinds = 11, 7 // reassign_action counts three times
	if len(seen) != deeds*kinds {
		t.Errorf("the table answers %d pairs of deed and action, want %d", len(seen), deeds*kinds)
	}
}

func TestPermit_everything_else_follows_the_table(t *testing.T) {
	t.Parallel()
	seen := map[Deed]bool{}
	for _, row := range permissionTables(t)[1] {
		for _, deed := range row.deeds {
			seen[Deed(deed)] = true
			for i, user := range []crm.User{follower, colleague, administrator} {
				got := Permit(user, Deed(deed), Subject{User: follower.ID})
				if answers[got.Access] != row.cells[i] {
					t.Errorf("%s may %s: got %s, want %s", user.Name, deed, answers[got.Access], row.cells[i])
				}
			}
		}
	}
	for _, deed := range Deeds {
		if first := slices.Contains(onActions, deed); seen[deed] == first {
			t.Errorf("%s: in the second table: %v, want %v", deed, seen[deed], !first)
		}
	}
}

func TestPermit_signed_out_or_inactive_may_do_nothing(t *testing.T) {
	t.Parallel()
	inactive := administrator
	inactive.Active = false
	for _, user := range []crm.User{{}, {Active: true}, inactive} {
		for _, deed := range Deeds {
			for name, action := range actionKinds {
				if got := Permit(user, deed, Subject{Action: &action, User: user.ID}); got.Access != Refused || got.Code != CodeSignedOut {
					t.Errorf("user %v may %s, %s: got %+v, want refused", user.ID, deed, name, got)
				}
			}
		}
	}
}

func TestPermit_follower_with_the_right_gives_a_private_action_away(t *testing.T) {
	t.Parallel()
	user := follower
	user.Rights.Reassign = true
	action := actionKinds["private"]
	if got := Permit(user, Reassign, Subject{Action: &action, To: third.ID}); got.Access != Allowed {
		t.Errorf("to a third person: %+v", got)
	}
	if got := Permit(user, Reassign, Subject{Action: &action}); got.Code != CodePrivateNobody {
		t.Errorf("to nobody: %+v, want %s", got, CodePrivateNobody)
	}
}

func TestPermission_errors(t *testing.T) {
	t.Parallel()
	for access, want := range map[Access]error{Allowed: nil, Refused: ErrForbidden, Busy: ErrForbidden, Hidden: ErrNotFound} {
		got := Permission{Access: access, Code: "x"}.err()
		if !errors.Is(got, want) {
			t.Errorf("%s: got %v, want %v", answers[access], got, want)
		}
	}
}
