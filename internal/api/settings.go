package api

import (
	"math"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/service"
)

// Settings are the CRM parameters.
type Settings struct {
	Version int64 `json:"version"`
	SettingsInput
}

// SettingsInput is what can be changed of them; what is left out stays.
type SettingsInput struct {
	ModuleActive           bool   `json:"module_active" required:"false" doc:"The CRM module."`
	OnlineCalendar         bool   `json:"online_calendar" required:"false" doc:"The option Online calendar (CalDAV): off, no request leaves the program."`
	DefaultDurationMinutes int64  `json:"default_duration_minutes" required:"false"`
	PollIntervalMinutes    int64  `json:"poll_interval_minutes" required:"false" doc:"0: no polling in the background."`
	TrashKeptMinutes       int64  `json:"trash_kept_minutes" required:"false"`
	UIDsKeptMinutes        int64  `json:"uids_kept_minutes" required:"false" doc:"How long the UIDs of what was purged are known beyond that."`
	ConflictPolicy         string `json:"conflict_policy" required:"false" enum:"crm,calendar,latest"`
	TimeZone               string `json:"time_zone" required:"false" doc:"Of actions without a follower."`
	Language               string `json:"language" required:"false" enum:"nl,fr,en"`
	DefaultRights          Rights `json:"default_rights" required:"false" doc:"Of new users."`
	OwnCalendars           bool   `json:"own_calendars" required:"false" doc:"Users may link a calendar of their own."`
	Guard                  Guard  `json:"guard" required:"false" doc:"When deletions are held until a person decides."`
}

// Guard are the figures of the deletion guard.
type Guard struct {
	More    int     `json:"more" required:"false" doc:"Held when more than more and more than a part of a link's events are deleted within 24 hours,"`
	Part    float64 `json:"part" required:"false" doc:"from 0 to 1,"`
	Most    int     `json:"most" required:"false" doc:"or more than most."`
	Emptied int     `json:"emptied" required:"false" doc:"A calendar that had this many and is suddenly empty stops its link."`
}

func settingsInput(in service.SettingsInput) SettingsInput {
	return SettingsInput{
		ModuleActive: in.ModuleActive, OnlineCalendar: in.OnlineCalendar, DefaultDurationMinutes: int64(in.DefaultDuration / time.Minute),
		PollIntervalMinutes: int64(in.PollInterval / time.Minute), TrashKeptMinutes: int64(in.TrashKept / time.Minute), UIDsKeptMinutes: int64(in.UIDsKept / time.Minute),
		ConflictPolicy: string(in.ConflictPolicy), TimeZone: in.TimeZone, Language: string(in.Language),
		DefaultRights: Rights(in.DefaultRights), OwnCalendars: in.OwnCalendars, Guard: Guard(in.Guard),
	}
}

func (in SettingsInput) input() service.SettingsInput {
	return service.SettingsInput{
		ModuleActive: in.ModuleActive, OnlineCalendar: in.OnlineCalendar, DefaultDuration: minutes(in.DefaultDurationMinutes),
		PollInterval: minutes(in.PollIntervalMinutes), TrashKept: minutes(in.TrashKeptMinutes), UIDsKept: minutes(in.UIDsKeptMinutes), ConflictPolicy: crm.ConflictPolicy(in.ConflictPolicy),
		TimeZone: in.TimeZone, Language: crm.Language(in.Language), DefaultRights: crm.Rights(in.DefaultRights), OwnCalendars: in.OwnCalendars, Guard: crm.GuardSettings(in.Guard),
	}
}

// minutes is that many, or the longest that there is: service refuses it then, where a product that wraps around might pass.
func minutes(n int64) time.Duration {
	const most = int64(math.MaxInt64 / time.Minute)
	return time.Duration(max(-most, min(n, most))) * time.Minute
}

// fieldInMinutes names the fields of service that are in minutes here.
var fieldInMinutes = map[string]string{
	"default_duration": "default_duration_minutes", "poll_interval": "poll_interval_minutes", "trash_kept": "trash_kept_minutes", "uids_kept": "uids_kept_minutes",
}

func settings(of crm.Settings) Settings {
	return Settings{of.Version, settingsInput(service.SettingsInputOf(of))}
}

func (c *call) settings(*struct{}) (reply[Settings], error) {
	now, err := c.service.Settings(c.ctx(), c.caller)
	return reply[Settings]{version: now.Version, body: settings(now)}, err
}

func (c *call) changeSettings(in *Conditional) (reply[Settings], error) {
	version, err := in.version()
	if err != nil {
		return reply[Settings]{}, err
	}
	before, err := c.service.Settings(c.ctx(), c.caller)
	if err != nil {
		return reply[Settings]{}, err
	}
	body := settingsInput(service.SettingsInputOf(before))
	if err := c.decode(&body); err != nil {
		return reply[Settings]{}, err
	}
	after, err := c.service.ChangeSettings(c.ctx(), c.caller, version, body.input())
	if wrong, isWrong := err.(crm.Problems); isWrong {
		for _, one := range wrong {
			if name, inMinutes := fieldInMinutes[one.Field]; inMinutes {
				one.Field = name
			}
		}
	}
	return reply[Settings]{version: after.Version, body: settings(after)}, err
}
