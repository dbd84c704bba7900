package caller

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/segue-dev/segue/internal/signal"
)

// ConsentCookie is the name of the cookie in which a site says what the visitor
// has agreed to, as a query string: personalization=denied&analytics=granted.
const ConsentCookie = "segue_consent"

// preference is where rules look for the consent to a purpose in a context.
const preference = "consent.categoryPreferences."

// storages are the fields of Google's consent mode, and the purposes they are
// about.
var storages = []struct{ field, purpose string }{
	{"consent.personalization_storage", "personalization"},
	{"consent.analytics_storage", "analytics"},
	{"consent.ad_user_data", "advertising"},
	{"consent.ad_personalization", "advertising"},
}

// Where RudderStack's clients say which purposes were denied and allowed.
const (
	deniedIDs  = "consentManagement.deniedConsentIds"
	allowedIDs = "consentManagement.allowedConsentIds"
)

// Consent returns the context of a request with all that the request says of
// consent where rules look for it. Of what contradicts itself the first counts:
// the cookie of the site, the context's own preferences, those of RudderStack and
// then of Google in it, Sec-GPC, DNT. props is not changed; the result may share
// it.
func (r *Reader) Consent(req *http.Request, props signal.Props) signal.Props {
	var said consents
	if cookie, err := req.Cookie(ConsentCookie); err == nil {
		said.fromCookie(cookie.Value)
	}
	explicit := len(said)
	said.fromContext(props)
	if req.Header.Get("Sec-GPC") == "1" {
		said.deny(r.opts.GPC)
	}
	if req.Header.Get("DNT") == "1" {
		said.deny(r.opts.DNT)
	}
	if len(said) == 0 {
		return props
	}
	overruled := func(p signal.Prop) bool {
		purpose, ok := strings.CutPrefix(p.Key, preference)
		return ok && said[:explicit].find(purpose)
	}
	out := slices.DeleteFunc(slices.Clone(props), overruled)
	for _, c := range said {
		if key := preference + c.purpose; !has(out, key) {
			out = append(out, signal.Prop{Key: key, Value: signal.BoolOf(c.granted)})
		}
	}
	out.Sort()
	return out
}

func has(props signal.Props, key string) bool {
	return slices.ContainsFunc(props, func(p signal.Prop) bool { return p.Key == key })
}

// A consent is to one purpose.
type consent struct {
	purpose string
	granted bool
}

// consents are to several purposes, what counts most first.
type consents []consent

func (all consents) find(purpose string) bool {
	return slices.ContainsFunc(all, func(c consent) bool { return c.purpose == purpose })
}

func (all *consents) add(purpose string, granted bool) {
	if purpose != "" && len(purpose) <= signal.MaxName && !all.find(purpose) {
		*all = append(*all, consent{purpose, granted})
	}
}

func (all *consents) deny(purposes []string) {
	for _, purpose := range purposes {
		all.add(purpose, false)
	}
}

// fromCookie reads the cookie of the site. What it says that is neither yes nor
// no is passed over.
func (all *consents) fromCookie(value string) {
	if plain, err := url.PathUnescape(value); err == nil {
		value = plain
	}
	for pair := range strings.SplitSeq(value, "&") {
		purpose, answer, _ := strings.Cut(pair, "=")
		if granted, ok := yesOrNo(answer); ok {
			all.add(strings.TrimSpace(purpose), granted)
		}
	}
}

// fromContext reads the forms of RudderStack, then of Google. A purpose of which
// two fields of Google's speak is granted if both grant it.
func (all *consents) fromContext(props signal.Props) {
	for _, form := range []struct {
		key     string
		granted bool
	}{{deniedIDs, false}, {allowedIDs, true}} {
		for _, p := range props {
			if p.Key == form.key || strings.HasPrefix(p.Key, form.key+".") {
				all.add(p.Value.String(), form.granted)
			}
		}
	}
	for _, granted := range []bool{false, true} {
		for _, s := range storages {
			v, _ := props.Get(s.field)
			if said, ok := yesOrNo(v.String()); ok && said == granted {
				all.add(s.purpose, granted)
			}
		}
	}
}

func yesOrNo(answer string) (granted, ok bool) {
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "granted", "true", "1", "yes":
		return true, true
	case "denied", "false", "0", "no":
		return false, true
	default:
		return false, false
	}
}
