package process

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/crierhq/crier/apps/internal/wire"
	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/doctor"
	"github.com/crierhq/crier/core/domain"
)

// doctor looks into the platforms that are named, or into all that somebody
// began to set up, and says what is wrong. It exits with ExitError if something
// does not work.
func (p Program) doctor(ctx context.Context, names []string) int {
	cfg, err := p.Config()
	if err != nil {
		return p.Refuse(err)
	}
	app, err := wire.Build(ctx, cfg, wire.Environment{Environ: p.Environ, ReadFile: p.ReadFile, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return p.Refuse(err)
	}
	defer func() { _ = app.Close() }()
	eng := app.Engine()
	if eng == nil {
		return p.Refuse(errors.New("the database cannot be reached; see DATABASE_URL"))
	}
	ids := eng.Doctor.All()
	if len(names) > 0 {
		ids = nil
		for _, n := range names {
			ids = append(ids, domain.ProviderID(n))
		}
	}
	code := ExitOK
	for _, id := range ids {
		found, err := eng.Doctor.Installation(ctx, id)
		if err != nil {
			return p.Refuse(fmt.Errorf("there is no platform %q; there are %v", id, eng.Doctor.All()))
		}
		if len(names) == 0 && untouched(found) {
			_, _ = fmt.Fprintf(p.Stdout, "%s: not set up\n", id)
			continue
		}
		p.tell(id, found)
		if slices.ContainsFunc(found, func(f core.Finding) bool { return f.Level == doctor.Error }) {
			code = ExitError
		}
	}
	return code
}

// untouched reports whether nobody began to set a platform up: everything that
// is required is absent.
func untouched(found []core.Finding) bool {
	return slices.ContainsFunc(found, func(f core.Finding) bool { return f.Check == doctor.CheckSetUp })
}

// tell prints what was found, for people.
func (p Program) tell(id domain.ProviderID, found []core.Finding) {
	_, _ = fmt.Fprintf(p.Stdout, "%s\n", id)
	for _, f := range found {
		line := strings.TrimSpace(f.Subject + ": " + f.Cause)
		if f.Subject == "" {
			line = f.Cause
		}
		_, _ = fmt.Fprintf(p.Stdout, "  %-7s  %-8s  %s\n", f.Level, f.Check, line)
		if f.Fix != "" {
			_, _ = fmt.Fprintf(p.Stdout, "  %18s  -> %s\n", "", f.Fix)
		}
	}
	if len(found) > 0 {
		_, _ = fmt.Fprintf(p.Stdout, "  read on: %s\n", found[0].Link)
	}
}
