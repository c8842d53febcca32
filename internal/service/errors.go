package service

import (
	"errors"
	"fmt"
)

// ErrNotFound says that there is no such thing, or none that the caller may know of.
var ErrNotFound = errors.New("not found")

// ErrForbidden says that the caller may not do this. It comes as a *Forbidden, which says why.
var ErrForbidden = errors.New("forbidden")

// ErrVersion says that somebody else changed the row since the caller read it. It comes as a *VersionError with the row as
// it is now; nothing was changed.
var ErrVersion = errors.New("changed by somebody else")

// Forbidden says why the caller may not do something: Code is the key of the sentence.
type Forbidden struct {
	Code   string
	Params map[string]string
}

func (f *Forbidden) Error() string { return "forbidden: " + f.Code }

// Is makes a *Forbidden an ErrForbidden.
func (f *Forbidden) Is(target error) bool { return target == ErrForbidden }

// VersionError carries the row as it is now, as the caller may see it: an ActionView, a crm.Settings, a crm.User or a
// LinkView.
type VersionError struct {
	Version int64
	Current any
}

func (e *VersionError) Error() string {
	return fmt.Sprintf("changed by somebody else: the version is %d now", e.Version)
}

// Is makes a *VersionError an ErrVersion.
func (e *VersionError) Is(target error) bool { return target == ErrVersion }
