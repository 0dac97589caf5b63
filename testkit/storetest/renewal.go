package storetest

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/store"
)

func renewalChecks() []Check {
	return []Check{
		{"renewal/claim takes what is due, in order", renewalOrder},
		{"renewal/claim takes what is to be foretold", renewalForecast},
		{"renewal/claim gives a lease", renewalLease},
		{"renewal/claim keeps to limit and providers", renewalLimits},
		{"renewal/claim never hands one out twice", renewalNeverTwice},
		{"renewal/the next follows claims and changes", renewalNext},
	}
}

// renewable inserts a channel whose credential is to be renewed at noon.
func (b *bench) renewable(id domain.ChannelID, change ...func(*domain.Channel)) {
	c := domain.Channel{
		ID: id, Organization: ours, Provider: "p", Account: string(id), State: domain.ChannelActive,
		Secret: "sealed", SecretExpires: at(time.Hour), RefreshAt: noon(), CreatedAt: noon(), Version: 1,
	}
	for _, ch := range change {
		ch(&c)
	}
	b.must(b.Channels().Insert(b, c.Organization, c), "insert "+string(c.ID))
}

func refreshAt(t time.Time) func(*domain.Channel) {
	return func(c *domain.Channel) { c.RefreshAt = t }
}

func of(p domain.ProviderID) func(*domain.Channel) {
	return func(c *domain.Channel) { c.Provider = p }
}

// claimRenewals claims for a minute from now.
func (b *bench) claimRenewals(now time.Time, limit int, providers ...domain.ProviderID) []domain.Channel {
	return must2[[]domain.Channel](b, "claim")(b.Channels().ClaimRenewals(b, store.RenewalClaim{
		Owner: "w", Now: now, Until: now.Add(time.Minute), Limit: limit, Providers: providers,
	}))
}

func renewalOrder(b *bench) {
	b.renewable("future", refreshAt(at(time.Microsecond)))
	b.renewable("never", refreshAt(time.Time{}), func(c *domain.Channel) { c.SecretExpires = time.Time{} })
	b.renewable("b", refreshAt(at(-time.Minute)))
	b.renewable("a", refreshAt(at(-time.Minute)))
	b.renewable("now")
	b.renewable("oldest", refreshAt(at(-time.Hour)), func(c *domain.Channel) { c.Organization = theirs })
	b.renewable("leased", func(c *domain.Channel) { c.Renewal = domain.Lease{Owner: "v", Until: at(time.Second), Token: 3} })
	order(b, "first claim", channelIDs(b.claimRenewals(noon(), 2)), "oldest", "a")
	order(b, "second claim", channelIDs(b.claimRenewals(noon(), 9)), "b", "now")
	order(b, "claim while the leases live", channelIDs(b.claimRenewals(at(time.Minute-time.Microsecond), 9)), "future", "leased")
	order(b, "claim when they end", channelIDs(b.claimRenewals(at(time.Minute), 9)), "a", "b", "now", "oldest")
}

// renewalForecast has no RefreshAt: the times come from domain.Channel.CareAt.
func renewalForecast(b *bench) {
	ends := func(d time.Duration, told domain.Forecast) func(*domain.Channel) {
		return func(c *domain.Channel) { c.RefreshAt, c.SecretExpires, c.Foretold = time.Time{}, at(d), told }
	}
	const day = 24 * time.Hour
	b.renewable("in a week", ends(7*day, ""))
	b.renewable("told a week ahead", ends(7*day, domain.ForecastWeek))
	b.renewable("in a day", ends(day, domain.ForecastWeek))
	b.renewable("told a day ahead", ends(day, domain.ForecastDay))
	b.renewable("over", ends(-time.Second, domain.ForecastDay))
	b.renewable("parked", ends(-day, ""), func(c *domain.Channel) { c.State = domain.ChannelReconnect })
	b.renewable("the host's", ends(-day, ""), func(c *domain.Channel) { c.HostTokens = true })
	order(b, "claim", channelIDs(b.claimRenewals(noon(), 9)), "over", "in a day", "in a week")
}

func renewalLease(b *bench) {
	c := channelKind().new(b)
	c.RefreshAt, c.Renewal = noon(), domain.Lease{Token: 6}
	b.must(b.Channels().Insert(b, ours, c), "insert")
	until := at(time.Minute).In(time.FixedZone("east", 3600)).Add(999)
	got := must2[[]domain.Channel](b, "claim")(b.Channels().ClaimRenewals(b, store.RenewalClaim{Owner: "w", Now: noon(), Until: until, Limit: 1}))
	c.ClaimRenewal("w", until)
	b.same("what claim returned", got, []domain.Channel{c})
	b.same("what get returned after it", must2[domain.Channel](b, "get")(b.Channels().Get(b, ours, c.ID)), c)
}

func renewalLimits(b *bench) {
	b.renewable("1", of("x"))
	b.renewable("2", of("y"))
	b.renewable("3", of("z"))
	b.renewable("4", of("y"))
	order(b, "one of one provider", channelIDs(b.claimRenewals(noon(), 1, "y")), "2")
	order(b, "of two providers", channelIDs(b.claimRenewals(noon(), 9, "z", "y")), "3", "4")
	order(b, "of an unknown provider", channelIDs(b.claimRenewals(noon(), 9, "none")))
	order(b, "of all", channelIDs(b.claimRenewals(noon(), 9)), "1")
}

func renewalNeverTwice(b *bench) {
	const rows, workers = 60, 8
	for i := range rows {
		b.renewable(domain.ChannelID(fmt.Sprintf("c%03d", i)), refreshAt(at(time.Duration(-i%7)*time.Second)))
	}
	var mu sync.Mutex
	times := map[domain.ChannelID]int{}
	b.parallel(workers, func(w int) {
		for vain, round := 0, 0; vain < 3 && round < rows; round++ {
			cs, err := b.Channels().ClaimRenewals(b, store.RenewalClaim{Owner: fmt.Sprint("w", w), Now: noon(), Until: at(time.Minute), Limit: 5})
			if err != nil {
				b.errorf("parallel claim: got error %q, want none", err)
				return
			}
			if len(cs) == 0 {
				vain++
			}
			mu.Lock()
			for _, c := range cs {
				if times[c.ID]++; times[c.ID] == 2 {
					b.errorf("%s was handed out twice", c.ID)
				}
			}
			mu.Unlock()
		}
	})
	if len(times) != rows {
		b.errorf("%d of %d channels were handed out", len(times), rows)
	}
}

func renewalNext(b *bench) {
	want := func(when string, t time.Time, providers ...domain.ProviderID) {
		b.same("the next renewal "+when, must2[time.Time](b, "NextRenewal")(b.Channels().NextRenewal(b, providers...)), t)
	}
	want("of an empty store", time.Time{})
	b.renewable("never", refreshAt(time.Time{}), func(c *domain.Channel) { c.SecretExpires = time.Time{} })
	want("where nothing ends", time.Time{})
	b.renewable("later", of("x"), refreshAt(at(time.Hour)))
	b.renewable("soon", func(c *domain.Channel) { c.Organization = theirs })
	want("of two", noon())
	want("of one provider", at(time.Hour), "x")
	want("of two providers", noon(), "x", "p")
	want("of an unknown provider", time.Time{}, "none")
	b.claimRenewals(noon(), 1)
	want("while the lease lives", at(time.Minute))
	_, err := b.Channels().Update(b, theirs, "soon", func(c *domain.Channel) error { c.RenewalFailed("why", 0, noon()); return nil })
	b.must(err, "update")
	want("after a failure", at(30*time.Second))
	_, err = b.Channels().Update(b, theirs, "soon", func(c *domain.Channel) error { return c.Disconnect(noon()) })
	b.must(err, "update")
	want("after a disconnect", at(time.Hour))
	gone := errors.New("no")
	_, err = b.Channels().Update(b, ours, "later", func(c *domain.Channel) error { c.RefreshAt = noon(); return gone })
	if !errors.Is(err, gone) {
		b.errorf("update: got error %v, want the one of change", err)
	}
	want("after a change that was given up", at(time.Hour))
}
