// Package vault keeps what providers must remember for a whole installation,
// sealed, in the store.
package vault

import (
	"context"
	"errors"
	"fmt"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/seal"
	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/ports/store"
)

// Vault is the social.Vault of one provider.
type Vault struct {
	secrets  store.Secrets
	sealer   seal.Sealer
	provider domain.ProviderID
}

var _ social.Vault = (*Vault)(nil)

// New returns the Vault of provider. All arguments are required.
func New(secrets store.Secrets, sealer seal.Sealer, provider domain.ProviderID) *Vault {
	return &Vault{secrets: secrets, sealer: sealer, provider: provider}
}

func (v *Vault) name(name string) string { return "provider/" + string(v.provider) + "/" + name }

// Load implements social.Vault.
func (v *Vault) Load(ctx context.Context, name string) ([]byte, bool, error) {
	sealed, err := v.secrets.Get(ctx, v.name(name))
	if errors.Is(err, fault.ErrNotFound) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("load secret of %s: %w", v.provider, err)
	}
	raw, err := v.sealer.Open(ctx, sealed, v.name(name))
	if err != nil {
		return nil, false, fmt.Errorf("open secret of %s: %w", v.provider, err)
	}
	return raw, true, nil
}

// Save implements social.Vault.
func (v *Vault) Save(ctx context.Context, name string, value []byte) error {
	sealed, err := v.sealer.Seal(ctx, value, v.name(name))
	if err != nil {
		return fmt.Errorf("seal secret of %s: %w", v.provider, err)
	}
	if err := v.secrets.Set(ctx, v.name(name), sealed); err != nil {
		return fmt.Errorf("save secret of %s: %w", v.provider, err)
	}
	return nil
}
