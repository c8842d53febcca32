package main

import (
	"fmt"
	"runtime/debug"
)

type versionCommand struct{}

// Run prints the version of the program.
func (versionCommand) Run(env environment) error {
	_, err := fmt.Fprintf(env.stdout, "agenda %s\n", programVersion())
	return err
}

// released is the version of a release, which the linker is given; "" in any other build.
var released string

// programVersion is that of the release, or what the toolchain knows: a tag, or the commit.
func programVersion() string {
	if released != "" {
		return released
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "unknown"
}
