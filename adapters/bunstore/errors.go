package bunstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/crierhq/crier/core/fault"
)

// translate turns what a driver says into what the port promises. It is the
// only place that knows the drivers' errors, together with transient.
func translate(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	// Drivers say "interrupted" or worse where the caller just left.
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if _, ok := errors.AsType[*fault.Error](err); ok {
		return err
	}
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return fault.ErrNotFound
	case isConflict(err):
		return &fault.Error{Kind: fault.Conflict, Message: fault.ErrConflict.Message, Err: err}
	case transient(err), isAway(err):
		return unavailable(err)
	default:
		return err
	}
}

func unavailable(err error) error {
	return &fault.Error{
		Kind: fault.Unavailable, Code: "database_unavailable",
		Message: "The database cannot be reached now.", Err: err,
	}
}

// transient reports whether the transaction failed only because of what others
// did at the same time, so that running it again may help.
func transient(err error) bool {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Code == "40001" || pg.Code == "40P01" // serialization failure, deadlock
	}
	if lite, ok := errors.AsType[*sqlite.Error](err); ok {
		return primary(lite) == sqlite3.SQLITE_BUSY || primary(lite) == sqlite3.SQLITE_LOCKED
	}
	return false
}

// primary cuts an extended result code of SQLite down to its family.
func primary(err *sqlite.Error) int { return err.Code() & 0xff }

func isConflict(err error) bool {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Code == "23505" // unique violation
	}
	if lite, ok := errors.AsType[*sqlite.Error](err); ok {
		return lite.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || lite.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY
	}
	return false
}

// isAway reports whether the database is not there, or not there for writing.
func isAway(err error) bool {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		// Connection exceptions, insufficient resources, operator intervention
		// and a standby that only reads.
		for _, class := range []string{"08", "53", "57P", "25006"} {
			if strings.HasPrefix(pg.Code, class) {
				return true
			}
		}
		return false
	}
	if lite, ok := errors.AsType[*sqlite.Error](err); ok {
		switch primary(lite) {
		case sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY:
			return true
		}
		return false
	}
	_, dial := errors.AsType[*pgconn.ConnectError](err)
	_, netErr := errors.AsType[net.Error](err)
	return dial || netErr || errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}
