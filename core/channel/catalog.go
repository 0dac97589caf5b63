// Package channel is the connected accounts: what can be connected, connecting
// and disconnecting, and the credentials behind them. Credentials are sealed
// before they are stored and unsealed only on their way to a provider.
package channel

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/social"
)

// Platform is a provider with what it can do, looked up once.
type Platform struct {
	Provider   social.Provider
	Descriptor social.Descriptor
	Can        social.Capabilities
}

// Limits returns the limits of an account.
func (p Platform) Limits(traits map[string]string) social.Limits {
	return p.Can.LimitsFor(p.Descriptor, traits)
}

// Catalog is the platforms on offer.
type Catalog struct {
	byID map[domain.ProviderID]Platform
	list []Platform
}

// NewCatalog looks at what providers can do. It reports every provider that is
// nil, given twice, or that no account could be connected to.
func NewCatalog(providers []social.Provider) (*Catalog, error) {
	c := &Catalog{byID: make(map[domain.ProviderID]Platform, len(providers))}
	var errs []error
	for i, p := range providers {
		if p == nil {
			errs = append(errs, fmt.Errorf("provider %d of the list is nil", i+1))
			continue
		}
		pf := Platform{Provider: p, Descriptor: p.Descriptor(), Can: social.CapabilitiesOf(p)}
		id := pf.Descriptor.ID
		if _, dup := c.byID[id]; dup {
			errs = append(errs, fmt.Errorf("provider %q is given twice", id))
			continue
		}
		if pf.Can.Redirect == nil && pf.Can.Form == nil {
			errs = append(errs, fmt.Errorf("provider %q has no way to connect an account", id))
		}
		if pf.Can.Choose != nil && pf.Can.Redirect == nil {
			errs = append(errs, fmt.Errorf("provider %q offers a choice after a sign-in page that it does not have", id))
		}
		c.byID[id] = pf
		c.list = append(c.list, pf)
	}
	slices.SortFunc(c.list, func(a, b Platform) int {
		return strings.Compare(string(a.Descriptor.ID), string(b.Descriptor.ID))
	})
	return c, errors.Join(errs...)
}

// All lists the platforms, ordered by id.
func (c *Catalog) All() []Platform { return slices.Clone(c.list) }

// Get returns the platform with id, or a NotFound fault.
func (c *Catalog) Get(id domain.ProviderID) (Platform, error) {
	p, ok := c.byID[id]
	if !ok {
		return Platform{}, fault.Missing("provider")
	}
	return p, nil
}
