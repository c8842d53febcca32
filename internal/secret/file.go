package secret

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// ErrNoKeyFile says that there is no key file. Only an installation without sealed values may get a new one: a new key
// opens nothing that the old one sealed.
var ErrNoKeyFile = errors.New("there is no key file")

const fileHead = `# Key file of Agenda Online. It opens the passwords that are kept in the database.
# Keep a copy of it apart from the backups of the database; without it every password has to be typed again.
# The first key seals, the others only open what was sealed before; agenda key says more. The identity names this installation.
`

// Create makes a key file, readable by its owner only, with a fresh key and identity from random, and returns its ring. A
// file that is there already is left alone, and the error is fs.ErrExist. The file is complete or it is not there, also
// after a power cut.
func Create(path string, random io.Reader) (*Ring, error) {
	identity := make([]byte, 16)
	if _, err := io.ReadFull(random, identity); err != nil {
		return nil, fmt.Errorf("create key file %s: draw an identity: %w", path, err)
	}
	first, err := draw(random)
	if err != nil {
		return nil, fmt.Errorf("create key file %s: %w", path, err)
	}
	if err := writeNew(path, fileText(hex.EncodeToString(identity), &keys{all: []key{first}})); err != nil {
		return nil, fmt.Errorf("create key file %s: %w", path, err)
	}
	return Load(path)
}

// writeNew writes beside path and links the finished file to it: unlike a rename, a link never replaces a file.
func writeNew(path, text string) error {
	folder := filepath.Dir(path)
	temporary, err := os.CreateTemp(folder, ".key-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(temporary.Name())
	_, err = temporary.WriteString(text)
	if err == nil {
		err = temporary.Sync()
	}
	if closeErr := temporary.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Link(temporary.Name(), path)
	}
	if err != nil {
		return err
	}
	return syncFolder(folder)
}

// syncFolder makes the new name survive a power cut; Windows has no such call and needs none.
func syncFolder(folder string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	opened, err := os.Open(folder)
	if err != nil {
		return err
	}
	defer opened.Close()
	return opened.Sync()
}

// Load reads a key file, which its ring follows. A missing one is ErrNoKeyFile; one that others can read is refused.
func Load(path string) (*Ring, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("load key file %s: %w", path, ErrNoKeyFile)
	}
	if err != nil {
		return nil, fmt.Errorf("load key file %s: %w", path, err)
	}
	if others := info.Mode().Perm() & 0o077; others != 0 && runtime.GOOS != "windows" {
		return nil, fmt.Errorf("load key file %s: its mode %04o lets others at it; make it 0600", path, info.Mode().Perm())
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("load key file %s: %w", path, err)
	}
	ring, err := Parse(string(text))
	if err != nil {
		return nil, fmt.Errorf("load key file %s: %w", path, err)
	}
	read := *ring.keys()
	read.file = info
	ring.path = path
	ring.present.Store(&read)
	return ring, nil
}

// Parse reads the text of a key file: one entry "identity NAME" and one or more "key KEYID BASE64", the one that seals
// first; one "prepared KEYID BASE64" is a key that is going to seal. An entry ends with a line break or a semicolon, so that the text fits in an environment variable; a line that
// begins with # is a comment. Its errors name lines and key ids, never keys.
func Parse(text string) (*Ring, error) {
	ring := &Ring{}
	var read keys
	number := 0
	for line := range strings.Lines(text) {
		number++
		if strings.HasPrefix(strings.TrimSpace(line), "#") {
			continue
		}
		for entry := range strings.SplitSeq(line, ";") {
			if err := ring.add(&read, strings.Fields(entry)); err != nil {
				return nil, fmt.Errorf("line %d: %w", number, err)
			}
		}
	}
	switch {
	case ring.identity == "":
		return nil, errors.New("it names no identity")
	case len(read.all) == 0:
		return nil, errors.New("it holds no key")
	}
	ring.present.Store(&read)
	return ring, nil
}

func (r *Ring) add(read *keys, fields []string) error {
	switch {
	case len(fields) == 0:
		return nil
	case fields[0] == "identity" && len(fields) == 2 && r.identity == "":
		r.identity = fields[1]
		return nil
	case fields[0] == "key" && len(fields) == 3:
		key, err := parseKey(fields[1], fields[2])
		if err == nil {
			read.all = append(read.all, key)
		}
		return err
	case fields[0] == "prepared" && len(fields) == 3 && read.prepared == nil:
		key, err := parseKey(fields[1], fields[2])
		if err == nil {
			read.prepared = &key
		}
		return err
	default:
		return errors.New("want one entry \"identity NAME\", entries \"key KEYID BASE64\", and one \"prepared KEYID BASE64\" at most")
	}
}

func parseKey(id, text string) (key, error) {
	secret, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(text, "="))
	if err != nil {
		return key{}, fmt.Errorf("key %.16q: it is not base64", id)
	}
	parsed, err := newKey(secret)
	if err != nil {
		return key{}, fmt.Errorf("key %.16q: %w", id, err)
	}
	if parsed.id != id {
		return key{}, fmt.Errorf("key %.16q is damaged: it is not the key of this name", id)
	}
	return parsed, nil
}

func fileText(identity string, k *keys) string {
	var text strings.Builder
	text.WriteString(fileHead)
	fmt.Fprintf(&text, "identity %s\n", identity)
	line := func(role string, one key) {
		fmt.Fprintf(&text, "%s %s %s\n", role, one.id, base64.RawStdEncoding.EncodeToString(one.secret))
	}
	for _, one := range k.all {
		line("key", one)
	}
	if k.prepared != nil {
		line("prepared", *k.prepared)
	}
	return text.String()
}
