package bunstore

import "context"

// MigrateTo brings the tables to an old version, as an older program did.
func (s *Store) MigrateTo(ctx context.Context, version int64) error {
	p, err := provider(s.write, s.dialect)
	if err != nil {
		return err
	}
	_, err = p.UpTo(ctx, version)
	return err
}

// Exec runs a statement as an older program did.
func (s *Store) Exec(ctx context.Context, query string) error {
	_, err := s.write.ExecContext(ctx, query)
	return err
}

// TenantTables are the tables that are emptied with an organization.
func TenantTables() []string { return tenantTables() }
