package syncer

import (
	"agendaonline/internal/crm"
	"agendaonline/internal/store"
)

// changes gather what one transaction writes, so that many rows of a kind go at once and in the order their references
// need.
type changes struct {
	newActions   []crm.Action
	actions      []crm.Action // as they shall be, each with the version that was read
	states       map[crm.ActionID]crm.SyncState
	newResources []store.Resource
	resources    []store.Resource
	newBindings  []store.Binding
	bindings     []store.Binding
	unbound      []store.Binding
	dropped      []store.ResourceID
	aliases      []store.Alias
	tombstones   []store.Tombstone
	history      []crm.Change
	outbox       []store.OutboxEntry
	did          crm.Counts
}

// expect makes room for as many new events.
func (c *changes) expect(events int) {
	c.newActions, c.history = make([]crm.Action, 0, events), make([]crm.Change, 0, events)
	c.newResources, c.newBindings = make([]store.Resource, 0, events), make([]store.Binding, 0, events)
	c.aliases = make([]store.Alias, 0, events)
}

// state says how an action stands from now on, where nothing else of it changes.
func (c *changes) state(action crm.Action, state crm.SyncState) {
	if same(action.Sync, state) {
		return
	}
	if c.states == nil {
		c.states = map[crm.ActionID]crm.SyncState{}
	}
	c.states[action.ID] = state
}

func same(a, b crm.SyncState) bool {
	if a.Name != b.Name || a.Reason != b.Reason || len(a.Params) != len(b.Params) {
		return false
	}
	for name, value := range a.Params {
		if b.Params[name] != value {
			return false
		}
	}
	return true
}

// write writes all of it.
func (c *changes) write(tx *store.Tx) error {
	for _, binding := range c.unbound {
		if err := tx.DeleteBinding(binding.Resource, binding.RecurrenceID); err != nil {
			return err
		}
	}
	for _, id := range c.dropped {
		if err := tx.DeleteResource(id); err != nil {
			return err
		}
	}
	if err := tx.InsertActions(c.newActions); err != nil {
		return err
	}
	var told []crm.ActionID
	for _, action := range c.newActions {
		told = append(told, action.ID)
	}
	for _, action := range c.actions {
		if err := tx.UpdateAction(action, action.Version); err != nil {
			return err
		}
		told = append(told, action.ID)
	}
	for id, state := range c.states {
		if err := tx.SetSyncState(id, state); err != nil {
			return err
		}
		told = append(told, id)
	}
	for _, write := range []func() error{
		func() error { return tx.UpdateResources(c.resources) }, // first: what moved leaves its href to what is new there
		func() error { return tx.InsertResources(c.newResources) },
		func() error { return tx.InsertBindings(c.newBindings) },
		func() error { return tx.UpdateBindings(c.bindings) },
		func() error { return tx.PutAliases(c.aliases) },
		func() error { return tx.InsertTombstones(c.tombstones) },
		func() error { return tx.AppendHistory(c.history) },
		func() error { return tx.PutOutbox(c.outbox...) },
	} {
		if err := write(); err != nil {
			return err
		}
	}
	tx.AnnounceActions(told)
	return nil
}
