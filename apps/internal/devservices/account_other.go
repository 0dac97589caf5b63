//go:build !linux

package main

import (
	"syscall"
)

const quitSignal = syscall.SIGTERM

// account is who a service runs as; nil: who we are.
type account struct{ name string }

// serviceAccount is always who we are: only on Linux are tests run as root.
func serviceAccount() (*account, error) { return nil, nil }

func (a *account) own(string) error { return nil }

func processAttributes(*account) *syscall.SysProcAttr { return nil }
