//go:build unix

package recurring_test

import "syscall"

// inside has a process see root as its whole file system.
func inside(root string) *syscall.SysProcAttr { return &syscall.SysProcAttr{Chroot: root} }
