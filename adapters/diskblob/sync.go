//go:build !windows

package diskblob

import "errors"

// syncDir puts the entries of a folder on the disk.
func (b *Bucket) syncDir(dir string) error {
	d, err := b.root.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
