package service

import (
	"time"

	"agendaonline/internal/crm"
)

// UserInput is what was typed for a user.
type UserInput struct {
	Login    string
	Name     string
	Email    string
	Language crm.Language
	TimeZone string // IANA name
	Role     crm.Role
	Rights   crm.Rights
	Active   bool
	Password string // "": unchanged; a new user without one cannot sign in yet
}

// UserInputOf is the input that changes nothing.
func UserInputOf(user crm.User) UserInput {
	return UserInput{
		Login: user.Login, Name: user.Name, Email: user.Email, Language: user.Language, TimeZone: user.TimeZone,
		Role: user.Role, Rights: user.Rights, Active: user.Active,
	}
}

// SettingsInput is what was typed for the settings: crm.Settings without the version.
type SettingsInput struct {
	ModuleActive    bool
	OnlineCalendar  bool
	DefaultDuration time.Duration
	PollInterval    time.Duration
	ConflictPolicy  crm.ConflictPolicy
	TrashKept       time.Duration
	UIDsKept        time.Duration
	TimeZone        string
	Language        crm.Language
	DefaultRights   crm.Rights
	OwnCalendars    bool
	Guard           crm.GuardSettings
}

// SettingsInputOf is the input that changes nothing.
func SettingsInputOf(settings crm.Settings) SettingsInput {
	return SettingsInput{
		ModuleActive: settings.ModuleActive, OnlineCalendar: settings.OnlineCalendar, DefaultDuration: settings.DefaultDuration,
		PollInterval: settings.PollInterval, ConflictPolicy: settings.ConflictPolicy, TrashKept: settings.TrashKept, UIDsKept: settings.UIDsKept,
		TimeZone: settings.TimeZone, Language: settings.Language, DefaultRights: settings.DefaultRights, OwnCalendars: settings.OwnCalendars, Guard: settings.Guard,
	}
}
