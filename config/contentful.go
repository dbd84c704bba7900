package config

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"time"
	"unicode"
)

// A Secret is a text that is not shown: however it is printed or encoded, it is
// "[secret]", or "" if there is none.
type Secret string

// String hides the secret.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return "[secret]"
}

// GoString hides the secret.
func (s Secret) GoString() string { return fmt.Sprintf("%q", s.String()) }

// MarshalText hides the secret.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Reveal returns the secret itself.
func (s Secret) Reveal() string { return string(s) }

// secrets returns those of a list with blanks or commas between.
func secrets(text string) (all []Secret) {
	for _, one := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || unicode.IsSpace(r) }) {
		all = append(all, Secret(one))
	}
	return all
}

// Contentful holds what is needed to work with a live space. "" is none.
type Contentful struct {
	DeliveryToken   Secret
	PreviewToken    Secret
	ManagementToken Secret
	WebhookSecrets  []Secret // active ones: one, or two while it is exchanged
	PreviewKey      Secret   // who has it may ask for what is not published
	Region          string   // of data residency: "" or eu
	DeliveryURL     string   // "" = that of the region, as PreviewURL and ManagementURL
	PreviewURL      string
	ManagementURL   string
	UploadURL       string
	WebURL          string // of the web app, for links to entries; "" = that of the region
	Poll            time.Duration
	PreviewPoll     time.Duration
	Cache           string // directory of the copies on disk
}

// LiveSpace returns the space and the environment, or alias, that Content
// names; ok is false if it names none.
func (c Config) LiveSpace() (space, environment string, ok bool) {
	rest, ok := strings.CutPrefix(c.Content, "contentful://")
	if !ok {
		return "", "", false
	}
	space, environment, _ = strings.Cut(rest, "/")
	if environment == "" {
		environment = "master"
	}
	return space, environment, true
}

// WebApp returns the address of the web app, without a slash at its end.
func (c Contentful) WebApp() string {
	switch {
	case c.WebURL != "":
		return strings.TrimSuffix(c.WebURL, "/")
	case c.Region != "":
		return "https://app." + c.Region + ".contentful.com"
	}
	return "https://app.contentful.com"
}

var (
	contentfulID  = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)
	webhookSecret = regexp.MustCompile(`^[0-9a-zA-Z+/=_-]{64}$`)
)

// checkSpace complains of a live space that cannot be read.
func (c Config) checkSpace() error {
	space, environment, ok := c.LiveSpace()
	var errs []error
	if !ok || !contentfulID.MatchString(space) || !contentfulID.MatchString(environment) {
		errs = append(errs, fmt.Errorf("content: %q is not contentful://SPACE/ENVIRONMENT, such as contentful://cfexampleapi/master", c.Content))
	}
	if c.Contentful.DeliveryToken == "" {
		errs = append(errs, errors.New("contentful.deliveryToken: missing: a live space is read with it; give it in SEGUE_CONTENTFUL_DELIVERY_TOKEN, or in a file that SEGUE_CONTENTFUL_DELIVERY_TOKEN_FILE names"))
	}
	if c.Contentful.Cache == "" {
		errs = append(errs, errors.New("contentful.cache: missing: name a directory for the copy of the content that a restart begins with, such as ./data/content"))
	}
	return errors.Join(errs...)
}

// minPreviewKey is the least length of a key that cannot be guessed.
const minPreviewKey = 16

// check returns every mistake that is one whatever the content is.
func (c Contentful) check() error {
	return errors.Join(
		checkToken("deliveryToken", c.DeliveryToken),
		checkToken("previewToken", c.PreviewToken),
		checkToken("managementToken", c.ManagementToken),
		checkToken("previewKey", c.PreviewKey),
		c.checkSecrets(),
		c.checkPreviewKey(),
		oneOfOrNone("contentful.region", c.Region, "eu"),
		checkURL("deliveryURL", c.DeliveryURL),
		checkURL("previewURL", c.PreviewURL),
		checkURL("managementURL", c.ManagementURL),
		checkURL("uploadURL", c.UploadURL),
		checkURL("webURL", c.WebURL),
		atLeast("contentful.poll", int64(c.Poll), int64(time.Second), "30s is usual"),
		atLeast("contentful.previewPoll", int64(c.PreviewPoll), int64(time.Second), "5s is usual"),
	)
}

func checkToken(key string, token Secret) error {
	if strings.ContainsFunc(token.Reveal(), func(r rune) bool { return unicode.IsSpace(r) || r > unicode.MaxASCII }) {
		return fmt.Errorf("contentful.%s: has blanks or characters in it that no token has: copy it again", key)
	}
	return nil
}

func (c Contentful) checkSecrets() error {
	if len(c.WebhookSecrets) > 2 {
		return fmt.Errorf("contentful.webhookSecrets: %d are too many: two are active while one is exchanged, then one", len(c.WebhookSecrets))
	}
	for i, s := range c.WebhookSecrets {
		if !webhookSecret.MatchString(s.Reveal()) {
			return fmt.Errorf("contentful.webhookSecrets[%d]: a signing secret is 64 characters of 0-9 a-z A-Z + / = _ -, and this is not: copy it again", i)
		}
	}
	return nil
}

func (c Contentful) checkPreviewKey() error {
	switch {
	case c.PreviewKey == "":
		return nil
	case len(c.PreviewKey) < minPreviewKey:
		return fmt.Errorf("contentful.previewKey: shorter than %d characters can be guessed: take a longer one", minPreviewKey)
	case c.PreviewToken == "":
		return errors.New("contentful.previewKey: has no effect without contentful.previewToken, with which previews are read")
	default:
		return nil
	}
}

func checkURL(key, address string) error {
	if address == "" {
		return nil
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.RawQuery != "" {
		return fmt.Errorf("contentful.%s: it must be a URL without user and query, such as https://cdn.contentful.com", key)
	}
	return nil
}

func oneOfOrNone(key, value, choice string) error {
	if value == "" || value == choice {
		return nil
	}
	return fmt.Errorf("%s: %q is neither %q nor empty", key, value, choice)
}
