package web

import (
	"strings"

	"agendaonline/internal/service"
)

// needModule refuses the screens of the CRM while its module is off. Nothing is deleted: on again, they are as they were.
func (s *site) needModule(r *request, route Route) error {
	if !strings.HasPrefix(route.Pattern, "/actions") {
		return nil
	}
	on, err := s.moduleOn(r)
	if err == nil && !on {
		err = &service.Forbidden{Code: "params.module_off"}
	}
	return err
}

func (s *site) moduleOn(r *request) (bool, error) {
	settings, err := s.Service.Settings(r.Context(), r.caller)
	return settings.ModuleActive, err
}
