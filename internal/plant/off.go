//go:build !plant

package plant

// On reports whether a fault is planted: never in this build.
func On(Fault) bool { return false }
