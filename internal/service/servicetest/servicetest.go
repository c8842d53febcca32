// Package servicetest is what people do in the CRM, for tests that run the links themselves.
package servicetest

import (
	"context"
	"errors"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/reconcile"
	"agendaonline/internal/secret"
	"agendaonline/internal/service"
	"agendaonline/internal/store"
	"agendaonline/internal/zone"
)

// Alone configures a service that nothing runs beside: what it wakes is due in the database, where the test looks, and what asks a
// server fails.
func Alone(s *store.Store, keys *secret.Ring, zones *zone.Rules, ids crm.IDSource) service.Config {
	return service.Config{Store: s, Keys: keys, Zones: zones, IDs: ids, Waker: nobody{}, Puller: nobody{}, Tester: nobody{}, Planner: nobody{}, Passwords: nobody{}}
}

type nobody struct{}

var errNobody = errors.New("no server is asked in this test")

func (nobody) Wake(crm.LinkID)                      {}
func (nobody) Hash(string) (string, error)          { return "hash", nil }
func (nobody) Matches(string, string) (bool, error) { return false, nil }
func (nobody) Pull(context.Context, []crm.LinkID, time.Duration) (service.PullTicket, error) {
	return nil, errNobody
}
func (nobody) Progress([]crm.LinkID) []service.LinkPull { return nil }
func (nobody) Test(context.Context, service.TestRequest, func(service.TestStep)) (service.Verdict, error) {
	return service.Verdict{}, errNobody
}
func (nobody) Plan(context.Context, service.PlanRequest, func(int)) (reconcile.FirstCounts, crm.Failing, error) {
	return reconcile.FirstCounts{}, crm.Failing{}, errNobody
}
