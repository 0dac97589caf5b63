package main

import (
	"errors"
	"os"
	"os/user"
	"strconv"
	"syscall"
)

const quitSignal = syscall.SIGQUIT

// account is who a service runs as; nil: who we are.
type account struct {
	name     string
	uid, gid int
}

// serviceAccount is an ordinary user if we are root, which PostgreSQL refuses
// to run as.
func serviceAccount() (*account, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, errU := strconv.Atoi(u.Uid)
		gid, errG := strconv.Atoi(u.Gid)
		return &account{name: name, uid: uid, gid: gid}, errors.Join(errU, errG)
	}
	return nil, errors.New("PostgreSQL does not run as root, and there is no user postgres or nobody to run it as")
}

// own gives a file to the account.
func (a *account) own(name string) error {
	if a == nil {
		return nil
	}
	return os.Chown(name, a.uid, a.gid)
}

// processAttributes keep a service away from the terminal's signals, and end it
// if we are killed.
func processAttributes(a *account) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGQUIT}
	if a != nil {
		attr.Credential = &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid)}
	}
	return attr
}
