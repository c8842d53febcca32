//go:build plant

package plant

import "sync/atomic"

var planted atomic.Pointer[Fault]

// On reports whether a fault is planted.
func On(fault Fault) bool {
	now := planted.Load()
	return now != nil && *now == fault
}

// Set plants a fault in place of the one before; None takes it away.
func Set(fault Fault) { planted.Store(&fault) }
