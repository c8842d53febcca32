//go:build unix

package secret

import (
	"os"
	"syscall"
)

// keepOwner gives file to the owner of path: a key file that root has changed must stay readable for who runs the program.
func keepOwner(file *os.File, path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok || int(owner.Uid) == os.Geteuid() {
		return nil
	}
	return file.Chown(int(owner.Uid), int(owner.Gid))
}
