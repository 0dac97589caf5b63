package social

import "github.com/crierhq/crier/core/domain"

// AnotherApp offers a platform once more under an id and a name of its own, for
// hosts that have several apps of it: one per brand or customer, say. p is a
// provider that was made with the settings of that app.
//
//	first, err := xcom.New(ours, deps)
//	brand, err := xcom.New(theirs, deps)
//	core.Config{Providers: []social.Provider{first, social.AnotherApp(brand, "x-brand", "X (brand)")}}
//
// What is limited by app is counted for each, and an account that is connected
// through one is another channel than the same account through the other. The
// id is stored for ever, like that of any provider.
func AnotherApp(p Provider, id domain.ProviderID, name string) Provider {
	return anotherApp{Provider: p, id: id, name: name}
}

type anotherApp struct {
	Provider

	id   domain.ProviderID
	name string
}

// Descriptor implements Provider.
func (a anotherApp) Descriptor() Descriptor {
	d := a.Provider.Descriptor()
	d.ID, d.Name = a.id, a.name
	return d
}
