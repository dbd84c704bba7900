package config

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
)

// Personalization holds how the APIs of Contentful Personalization are served.
type Personalization struct {
	Prefixes      []string // paths below which they are served too, such as "/experience"
	Organizations []string // that are served; none = any
	Environments  []string // that are served; none = any
}

var pathPrefix = regexp.MustCompile(`^(/[A-Za-z0-9._~-]+)+$`)

func (p Personalization) check() error {
	for i, prefix := range p.Prefixes {
		if !pathPrefix.MatchString(prefix) {
			return fmt.Errorf("personalization.prefixes[%d]: %q is not a path such as /experience, without a slash at its end", i, prefix)
		}
	}
	return nil
}

// Proxies returns the networks of TrustedProxies, without those that Check
// refuses.
func (c Config) Proxies() []netip.Prefix {
	var all []netip.Prefix
	for _, text := range c.TrustedProxies {
		if p, err := network(text); err == nil {
			all = append(all, p)
		}
	}
	return all
}

func network(text string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(text); err == nil {
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	return netip.ParsePrefix(text)
}

func (c Config) checkProxies() error {
	var errs []error
	for i, text := range c.TrustedProxies {
		if _, err := network(text); err != nil {
			errs = append(errs, fmt.Errorf("trustedProxies[%d]: %q is neither an address nor a network such as 10.0.0.0/8", i, text))
		}
	}
	return errors.Join(errs...)
}
