package googlebusiness

import "time"

// person is https://openid.net/specs/openid-connect-core-1_0.html#UserInfo.
type person struct {
	Sub     string `json:"sub"`
	Name    string `json:"name"`
	Picture string `json:"picture"`
}

// listing is a page of any of the lists: one of them is not empty.
type listing struct {
	Accounts  []account   `json:"accounts"`
	Locations []location  `json:"locations"`
	Media     []mediaItem `json:"mediaItems"`
	Posts     []localPost `json:"localPosts"`
	Next      string      `json:"nextPageToken"`
}

type account struct {
	Name string `json:"name"`
}

type location struct {
	Name    string `json:"name"`
	Title   string `json:"title"`
	Address struct {
		Lines    []string `json:"addressLines"`
		Locality string   `json:"locality"`
	} `json:"storefrontAddress"`
	Metadata struct {
		CanOperateLocalPost *bool  `json:"canOperateLocalPost"`
		MapsURI             string `json:"mapsUri"`
	} `json:"metadata"`
}

// mediaItem is https://developers.google.com/my-business/reference/rest/v4/accounts.locations.media.
type mediaItem struct {
	Association struct {
		Category string `json:"category"`
	} `json:"locationAssociation"`
	GoogleURL    string `json:"googleUrl"`
	ThumbnailURL string `json:"thumbnailUrl"`
}

// localPost is https://developers.google.com/my-business/reference/rest/v4/accounts.locations.localPosts.
type localPost struct {
	Name     string        `json:"name,omitempty"`
	Language string        `json:"languageCode,omitempty"`
	Summary  string        `json:"summary,omitempty"`
	Topic    string        `json:"topicType,omitempty"`
	Action   *callToAction `json:"callToAction,omitempty"`
	Event    *event        `json:"event,omitempty"`
	Offer    *offer        `json:"offer,omitempty"`
	Media    []attached    `json:"media,omitempty"`
	// The others are only read.
	State     string     `json:"state,omitempty"`
	SearchURL string     `json:"searchUrl,omitempty"`
	Created   *time.Time `json:"createTime,omitempty"`
}

type callToAction struct {
	Type string `json:"actionType"`
	URL  string `json:"url,omitempty"`
}

type event struct {
	Title    string   `json:"title"`
	Schedule schedule `json:"schedule"`
}

// schedule has no zone: it is that of the place.
type schedule struct {
	StartDate date      `json:"startDate"`
	StartTime timeOfDay `json:"startTime"`
	EndDate   date      `json:"endDate"`
	EndTime   timeOfDay `json:"endTime"`
}

type date struct {
	Year  int `json:"year"`
	Month int `json:"month"`
	Day   int `json:"day"`
}

type timeOfDay struct {
	Hours   int `json:"hours"`
	Minutes int `json:"minutes"`
}

type offer struct {
	Coupon string `json:"couponCode,omitempty"`
	URL    string `json:"redeemOnlineUrl,omitempty"`
	Terms  string `json:"termsConditions,omitempty"`
}

type attached struct {
	Format    string `json:"mediaFormat"`
	SourceURL string `json:"sourceUrl,omitempty"`
}

// performance is
// https://developers.google.com/my-business/reference/performance/rest/v1/locations/fetchMultiDailyMetricsTimeSeries.
type performance struct {
	Multi []struct {
		Series []struct {
			Metric string `json:"dailyMetric"`
			Times  struct {
				Values []datedValue `json:"datedValues"`
			} `json:"timeSeries"`
		} `json:"dailyMetricTimeSeries"`
	} `json:"multiDailyMetricTimeSeries"`
}

// datedValue is a number written as a text; none stands for zero.
type datedValue struct {
	Date  date   `json:"date"`
	Value string `json:"value"`
}
