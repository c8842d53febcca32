package service

import (
	"context"
	"errors"
	"strconv"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/store"
)

// What is wrong with the settings.
const (
	CodeDurationRange = "settings.duration_range" // min, max, in minutes
	CodeUnknownPolicy = "settings.conflict_policy"
	CodeGuardRange    = "settings.guard_range" // min, max
	CodeLanguage      = "language.unknown"
)

// Settings are those of the installation.
func (s *Service) Settings(ctx context.Context, caller Caller) (crm.Settings, error) {
	if err := caller.permit(SeeSettings, Subject{}); err != nil {
		return crm.Settings{}, err
	}
	return s.settings(ctx)
}

func (s *Service) settings(ctx context.Context) (crm.Settings, error) {
	var settings crm.Settings
	err := s.read(ctx, func(tx *store.Tx) (err error) {
		settings, err = tx.Settings()
		return err
	})
	return settings, err
}

// ChangeSettings replaces the settings. The option Online calendar takes effect at once: off, no run starts any more; on
// again, every link goes on where it stopped.
func (s *Service) ChangeSettings(ctx context.Context, caller Caller, version int64, in SettingsInput) (crm.Settings, error) {
	if err := caller.permit(ManageSettings, Subject{}); err != nil {
		return crm.Settings{}, err
	}
	var settings crm.Settings
	var wake []crm.LinkID
	err := s.write(ctx, func(tx *store.Tx) error {
		before, err := tx.Settings()
		if err != nil {
			return err
		}
		if before.Version != version {
			return &VersionError{before.Version, before}
		}
		var p problems
		settings = checkSettings(&p, in, before, s)
		if err := p.err(); err != nil {
			return err
		}
		if err := tx.UpdateSettings(settings, version); err != nil {
			return err
		}
		settings.Version = version + 1
		wake, err = s.resumed(tx, before, settings)
		return err
	})
	if errors.Is(err, store.ErrVersion) {
		return crm.Settings{}, s.movedSettings(ctx)
	}
	if err != nil {
		return crm.Settings{}, err
	}
	s.wake(wake)
	return settings, nil
}

func (s *Service) movedSettings(ctx context.Context) error {
	settings, err := s.settings(ctx)
	if err != nil {
		return err
	}
	return &VersionError{settings.Version, settings}
}

// resumed wants a run of every link that may run now and might not before.
func (s *Service) resumed(tx *store.Tx, before, after crm.Settings) ([]crm.LinkID, error) {
	tx.AnnounceLink(crm.LinkID{})
	links, err := tx.Links()
	if err != nil {
		return nil, err
	}
	var wake []crm.LinkID
	for _, link := range links {
		if link.MayRun(after) && !link.MayRun(before) {
			if err := tx.Want(link.ID, crm.TriggerPush); err != nil {
				return nil, err
			}
			wake = append(wake, link.ID)
		}
	}
	return wake, nil
}

func checkSettings(p *problems, in SettingsInput, before crm.Settings, s *Service) crm.Settings {
	p.minutes("default_duration", in.DefaultDuration, time.Minute, 24*time.Hour)
	if in.PollInterval != 0 {
		p.minutes("poll_interval", in.PollInterval, time.Minute, 24*time.Hour)
	}
	p.minutes("trash_kept", in.TrashKept, 24*time.Hour, 10*365*24*time.Hour)
	p.minutes("uids_kept", in.UIDsKept, 24*time.Hour, 10*365*24*time.Hour)
	switch in.ConflictPolicy {
	case crm.CRMWins, crm.CalendarWins, crm.LatestWins:
	default:
		p.add(CodeUnknownPolicy, "conflict_policy")
	}
	zoneName := p.zoneName("time_zone", in.TimeZone, before.TimeZone, s.Zones)
	p.language("language", in.Language)
	p.within("guard.more", in.Guard.More, 0, 1_000_000)
	p.within("guard.most", in.Guard.Most, 1, 1_000_000)
	p.within("guard.emptied", in.Guard.Emptied, 1, 1_000_000)
	if part := in.Guard.Part; !(part >= 0 && part <= 1) { // also what is no number
		p.add(CodeGuardRange, "guard.part", "min", "0", "max", "1")
	}
	return crm.Settings{
		ModuleActive: in.ModuleActive, OnlineCalendar: in.OnlineCalendar, DefaultDuration: in.DefaultDuration,
		PollInterval: in.PollInterval, ConflictPolicy: in.ConflictPolicy, TrashKept: in.TrashKept, UIDsKept: in.UIDsKept,
		TimeZone: zoneName, Language: in.Language, DefaultRights: in.DefaultRights, OwnCalendars: in.OwnCalendars, Guard: in.Guard,
	}
}

func (p *problems) minutes(field string, value, least, most time.Duration) {
	if value < least || value > most || value%time.Minute != 0 {
		p.add(CodeDurationRange, field, "min", strconv.Itoa(int(least/time.Minute)), "max", strconv.Itoa(int(most/time.Minute)))
	}
}

func (p *problems) within(field string, value, least, most int) {
	if value < least || value > most {
		p.add(CodeGuardRange, field, "min", strconv.Itoa(least), "max", strconv.Itoa(most))
	}
}

func (p *problems) language(field string, language crm.Language) {
	for _, known := range crm.Languages {
		if language == known {
			return
		}
	}
	p.add(CodeLanguage, field, "language", shortened(string(language)))
}
