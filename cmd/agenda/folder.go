package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
)

// privateFolder refuses a folder of an installation that others can look into: what SQLite makes in it, and the backups that it
// is copied to, would be theirs to read. One that is not there yet is made for the owner only.
func privateFolder(path string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !info.IsDir():
		return fmt.Errorf("%s is no folder; --data names the folder of the installation", path)
	case info.Mode().Perm()&0o077 != 0 && runtime.GOOS != "windows":
		return fmt.Errorf("the folder %s lets others in (its mode is %04o); make it 0700: chmod 700 %s", path, info.Mode().Perm(), path)
	}
	return nil
}
