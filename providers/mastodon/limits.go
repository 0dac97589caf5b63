package mastodon

import (
	"strconv"
	"strings"

	"github.com/crierhq/crier/ports/social"
)

// The traits of an account. They are stored, so their names stay.
const (
	traitInstance         = "instance" // origin of the server: "https://mastodon.social"
	traitSoftware         = "software" // what the server runs; see instance.software
	traitVersion          = "version"
	traitVisibility       = "visibility" // what the account posts with unless told otherwise
	traitSensitive        = "sensitive"
	traitLanguage         = "language"
	traitMaxCharacters    = "max_characters"
	traitURLLength        = "characters_reserved_per_url"
	traitMaxMedia         = "max_media_attachments"
	traitMIMETypes        = "supported_mime_types" // with commas between
	traitImageBytes       = "image_size_limit"
	traitImagePixels      = "image_matrix_limit"
	traitVideoBytes       = "video_size_limit"
	traitVideoPixels      = "video_matrix_limit"
	traitDescription      = "description_limit"
	traitPollOptions      = "poll_max_options"
	traitPollOptionLength = "poll_max_characters_per_option"
	traitPollMinSeconds   = "poll_min_expiration"
	traitPollMaxSeconds   = "poll_max_expiration"
)

// maxReplies keeps a thread below what a server takes in three hours (300
// posts), with room for what else the account does.
const maxReplies = 99

// standard is what Mastodon allows as it comes, for what a server does not
// say. https://docs.joinmastodon.org/entities/Instance/#configuration
func standard(trait string) int {
	return map[string]int{
		traitMaxCharacters: 500, traitURLLength: 23, traitMaxMedia: 4, traitDescription: 1500,
		traitImageBytes: 16 << 20, traitImagePixels: 33_177_600,
		traitVideoBytes: 103_809_024, traitVideoPixels: 8_294_400,
		traitPollOptions: 4, traitPollOptionLength: 50, traitPollMinSeconds: 300, traitPollMaxSeconds: 2_629_746,
	}[trait]
}

const standardTypes = "image/jpeg,image/png,image/gif,image/heic,image/heif,image/webp,image/avif," +
	"video/webm,video/mp4,video/quicktime,video/ogg"

// traitsOf keeps of a server and an account what later calls need.
func traitsOf(origin string, in instance, a account) social.Traits {
	c := in.Configuration
	tr := social.Traits{traitInstance: origin, traitSoftware: in.software(), traitSensitive: strconv.FormatBool(a.Source.Sensitive)}
	for k, v := range map[string]string{
		traitVersion: in.Version, traitVisibility: a.Source.Privacy, traitLanguage: a.Source.Language,
		traitMIMETypes: strings.Join(c.MediaAttachments.SupportedMIMETypes, ","),
	} {
		if v != "" {
			tr[k] = v
		}
	}
	characters := c.Statuses.MaxCharacters
	if characters == 0 {
		characters = in.MaxTootChars
	}
	for k, v := range map[string]int64{
		traitMaxCharacters: characters, traitURLLength: c.Statuses.CharactersReservedPerURL,
		traitMaxMedia: c.Statuses.MaxMediaAttachments, traitDescription: c.MediaAttachments.DescriptionLimit,
		traitImageBytes: c.MediaAttachments.ImageSizeLimit, traitImagePixels: c.MediaAttachments.ImageMatrixLimit,
		traitVideoBytes: c.MediaAttachments.VideoSizeLimit, traitVideoPixels: c.MediaAttachments.VideoMatrixLimit,
		traitPollOptions: c.Polls.MaxOptions, traitPollOptionLength: c.Polls.MaxCharactersPerOption,
		traitPollMinSeconds: c.Polls.MinExpiration, traitPollMaxSeconds: c.Polls.MaxExpiration,
	} {
		if v > 0 {
			tr[k] = strconv.FormatInt(v, 10)
		}
	}
	return tr
}

// number reads a trait, or what is standard where the server did not say.
func number(tr social.Traits, trait string) int {
	if n, err := strconv.Atoi(tr[trait]); err == nil && n > 0 {
		return n
	}
	return standard(trait)
}

// LimitsFor implements social.Limiter.
func (*Provider) LimitsFor(tr social.Traits) social.Limits {
	media := number(tr, traitMaxMedia)
	return social.Limits{
		Text: social.TextLimit{
			Max: number(tr, traitMaxCharacters), Count: social.CountGraphemes,
			URLLength: number(tr, traitURLLength),
		},
		Media: social.MediaLimit{
			Images: media, Videos: 1, Max: media,
			Types: mediaTypes(tr), Alt: number(tr, traitDescription),
		},
		Replies: maxReplies,
	}
}

// mediaTypes leaves out sound, which the host has no kind for.
func mediaTypes(tr social.Traits) []social.MediaType {
	list := tr[traitMIMETypes]
	if list == "" {
		list = standardTypes
	}
	var out []social.MediaType
	for mime := range strings.SplitSeq(list, ",") {
		switch {
		case strings.HasPrefix(mime, "image/"):
			out = append(out, social.MediaType{MIME: mime, MaxBytes: int64(number(tr, traitImageBytes)), MaxPixels: int64(number(tr, traitImagePixels))})
		case strings.HasPrefix(mime, "video/"):
			out = append(out, social.MediaType{MIME: mime, MaxBytes: int64(number(tr, traitVideoBytes)), MaxPixels: int64(number(tr, traitVideoPixels))})
		}
	}
	return out
}
