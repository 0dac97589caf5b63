package diskblob

// syncDir does nothing: Windows cannot flush a folder.
func (*Bucket) syncDir(string) error { return nil }
