package domain

import (
	"slices"
	"time"
)

// User is a person who can sign in.
type User struct {
	ID UserID
	// Email is lower-case and unique in the installation.
	Email string
	Name  string
	// PasswordHash is the encoded hash, or empty where the person cannot sign
	// in by password. It never leaves the core.
	PasswordHash string
	// EmailVerifiedAt is when the person proved that they read the mail of
	// Email; zero until then.
	EmailVerifiedAt time.Time
	// Profile is how the person wants to see things.
	Profile Profile
	// Muted are the notices that the person wants no mail of.
	Muted     []Notice
	CreatedAt time.Time
	// Version counts changes, starting at 1.
	Version int
}

// Profile is how a person wants to see things. Everything in it may be empty,
// which leaves it to the program that shows it.
type Profile struct {
	// Zone is the IANA name of the person's time zone.
	Zone string
	// Language is a tag of BCP 47, such as "de-AT".
	Language string
	// WeekStart is the day that a week begins with.
	WeekStart WeekStart
	// TimeFormat is how the time of day is written.
	TimeFormat TimeFormat
	// Avatar is a picture in the media library of AvatarOrganization. It does not
	// prove that the picture is still there.
	Avatar             MediaID
	AvatarOrganization OrganizationID
}

// Notice is a kind of mail that people may do without.
type Notice string

// The notices.
const (
	// NoticePosts tells the author of a post that it needs somebody: it failed, was
	// missed, or may be out.
	NoticePosts Notice = "posts"
	// NoticeChannels tells those who run an organization that an account must be
	// connected again.
	NoticeChannels Notice = "channels"
)

// Notices lists every Notice.
func Notices() []Notice { return []Notice{NoticePosts, NoticeChannels} }

// Wants reports whether the person wants mails of n.
func (u User) Wants(n Notice) bool { return !slices.Contains(u.Muted, n) }

// WeekStart is a day that a week may begin with.
type WeekStart string

// The days that a week begins with somewhere.
const (
	WeekFromMonday   WeekStart = "monday"
	WeekFromSaturday WeekStart = "saturday"
	WeekFromSunday   WeekStart = "sunday"
)

// TimeFormat is a way to write the time of day.
type TimeFormat string

// The ways to write the time of day.
const (
	TimeOf12Hours TimeFormat = "12h"
	TimeOf24Hours TimeFormat = "24h"
)
