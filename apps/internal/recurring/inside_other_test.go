//go:build !unix

package recurring_test

import "syscall"

func inside(string) *syscall.SysProcAttr { return nil }
