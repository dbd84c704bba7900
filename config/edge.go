package config

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// Identity says how visitors are known by their cookies.
type Identity struct {
	Cookies []string // that may name a visitor, the best first
	Domain  string   // of our own cookie; "" = the one host that is asked
	Origins []string // whose pages may send cookies
}

// Consent says what browsers' signals of privacy deny.
type Consent struct {
	GPC []string // purposes that Sec-GPC denies
	DNT []string // purposes that DNT denies
}

// Edge says how proxies and CDNs are answered.
type Edge struct {
	Budget time.Duration // that an answer may take
	Pages  []string      // which page a path is: "PATH PAGE [LOCALE]"
}

// Snapshot says how what is known of visitors is signed for edges.
type Snapshot struct {
	Algorithm string        // EdDSA or HS256
	Keys      []Secret      // live ones: one, or two while it is exchanged; the first signs
	Life      time.Duration // 0 = no snapshots
}

// maxSnapshot is the longest life of a snapshot: nothing takes it back.
const maxSnapshot = 24 * time.Hour

func (s Snapshot) check() error {
	errs := []error{oneOf("snapshot.algorithm", s.Algorithm, []string{"EdDSA", "HS256"})}
	if s.Life < 0 || s.Life > maxSnapshot {
		errs = append(errs, errors.New("snapshot.life: at most 24h, since nothing takes a snapshot back; 1h is usual, and 0 is none"))
	}
	if len(s.Keys) > 2 {
		errs = append(errs, fmt.Errorf("snapshot.keys: %d are too many: one, or two while it is exchanged", len(s.Keys)))
	}
	return errors.Join(errs...)
}

// texts returns those of a list with commas or line breaks between.
func texts(list string) (all []string) {
	for _, one := range strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == '\n' }) {
		if one = strings.TrimSpace(one); one != "" {
			all = append(all, one)
		}
	}
	return all
}

var (
	cookieName = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")
	siteOrigin = regexp.MustCompile(`^https?://[a-z0-9.-]+(:[0-9]+)?$`)
	hostName   = regexp.MustCompile(`^[a-z0-9-]+(\.[a-z0-9-]+)+$`)
)

func (i Identity) check() error {
	var errs []error
	for _, name := range i.Cookies {
		if !cookieName.MatchString(name) {
			errs = append(errs, fmt.Errorf("identity.cookies: %q cannot be the name of a cookie", name))
		}
	}
	for _, origin := range i.Origins {
		if !siteOrigin.MatchString(origin) {
			errs = append(errs, fmt.Errorf("identity.origins: %q is no origin, such as https://www.example.com, without a path", origin))
		}
	}
	if i.Domain != "" && !hostName.MatchString(i.Domain) {
		errs = append(errs, fmt.Errorf("identity.domain: %q is not a domain, such as example.com", i.Domain))
	}
	return errors.Join(errs...)
}

func (e Edge) check() error {
	return atLeast("edge.budget", int64(e.Budget), int64(time.Millisecond), "50ms is usual")
}
