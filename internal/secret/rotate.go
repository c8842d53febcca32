package secret

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Prepare adds a key to a key file that opens and does not seal yet, and returns its id: so that the file can be brought to
// every node before one of them seals with it. One that is prepared already stays the one.
func Prepare(path string, random io.Reader) (id string, err error) {
	err = change(path, func(k *keys) error {
		if k.prepared == nil {
			drawn, err := draw(random)
			if err != nil {
				return err
			}
			k.prepared = &drawn
		}
		id = k.prepared.id
		return nil
	})
	return id, err
}

// Rotate makes the prepared key of a key file, or else a fresh one, the key that seals, and returns its id. The former keys go
// on opening until Forget. A ring that was loaded from the file seals with the new key from then on, in whatever process.
func Rotate(path string, random io.Reader) (id string, err error) {
	err = change(path, func(k *keys) error {
		next := k.prepared
		if next == nil {
			drawn, err := draw(random)
			if err != nil {
				return err
			}
			next = &drawn
		}
		k.all, k.prepared = append([]key{*next}, k.all...), nil
		id = next.id
		return nil
	})
	return id, err
}

// Forget takes every key out of a key file but the one that seals, which must be the named one still, and one that is
// prepared. It returns the ids of those that are gone. What they sealed opens no more: nothing may be left of it.
func Forget(path, sealing string) (gone []string, err error) {
	err = change(path, func(k *keys) error {
		if k.all[0].id != sealing {
			return fmt.Errorf("the key that seals is %s by now, not %s", k.all[0].id, sealing)
		}
		for _, old := range k.all[1:] {
			gone = append(gone, old.id)
		}
		k.all = k.all[:1]
		return nil
	})
	return gone, err
}

func draw(random io.Reader) (key, error) {
	drawn := make([]byte, keyBytes)
	if _, err := io.ReadFull(random, drawn); err != nil {
		return key{}, fmt.Errorf("draw a key: %w", err)
	}
	return newKey(drawn)
}

// change replaces a key file by one with other keys. The new file is written beside it under a name that only one process can
// take, so that no two changes lose each other's keys; it keeps the owner, and replaces the old one when it is on the disk.
func change(path string, fn func(*keys) error) (err error) {
	beside := path + ".new"
	file, err := os.OpenFile(beside, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("change key file %s: %s is there: another change is under way, or was cut off; remove it when none is", path, beside)
	}
	if err != nil {
		return fmt.Errorf("change key file %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, file.Close(), os.Remove(beside))
		}
	}()
	ring, err := Load(path)
	if err != nil {
		return err
	}
	changed := *ring.keys()
	if err := fn(&changed); err != nil {
		return fmt.Errorf("change key file %s: %w", path, err)
	}
	if _, err = file.WriteString(fileText(ring.identity, &changed)); err == nil {
		err = file.Sync()
	}
	if err == nil {
		err = keepOwner(file, path)
	}
	if err != nil {
		return fmt.Errorf("change key file %s: %w", path, err)
	}
	if err := file.Close(); err != nil {
		return errors.Join(fmt.Errorf("change key file %s: %w", path, err), os.Remove(beside))
	}
	return replace(beside, path)
}

func replace(beside, path string) error {
	if err := os.Rename(beside, path); err != nil {
		return errors.Join(fmt.Errorf("change key file %s: %w", path, err), os.Remove(beside))
	}
	return syncFolder(filepath.Dir(path))
}
