package config

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
)

// Purge says which caches are told to drop what has changed. "" and an empty
// list are none.
type Purge struct {
	Varnish         []string // addresses
	Nginx           []string // addresses, with the path that purges
	Fastly          string   // id of the service
	FastlyToken     Secret
	Cloudflare      string // id of the zone
	CloudflareToken Secret
	Webhooks        []string // addresses
	WebhookSecret   Secret   // as Standard Webhooks have it
}

var vendorID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

func (p Purge) check() error {
	var errs []error
	for key, addresses := range map[string][]string{"varnish": p.Varnish, "nginx": p.Nginx, "webhooks": p.Webhooks} {
		for _, address := range addresses {
			if u, err := url.Parse(address); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil {
				errs = append(errs, fmt.Errorf("purge.%s: it must be URLs without a user, such as http://127.0.0.1:6081", key))
			}
		}
	}
	with := func(key, tokenKey, value string, token Secret) {
		switch {
		case value != "" && token == "":
			errs = append(errs, fmt.Errorf("purge.%s: missing: purge.%s needs it", tokenKey, key))
		case value == "" && token != "":
			errs = append(errs, fmt.Errorf("purge.%s: has no effect without purge.%s", tokenKey, key))
		}
	}
	with("fastly", "fastlyToken", p.Fastly, p.FastlyToken)
	with("cloudflare", "cloudflareToken", p.Cloudflare, p.CloudflareToken)
	first := ""
	if len(p.Webhooks) > 0 {
		first = p.Webhooks[0]
	}
	with("webhooks", "webhookSecret", first, p.WebhookSecret)
	for key, id := range map[string]string{"fastly": p.Fastly, "cloudflare": p.Cloudflare} {
		if id != "" && !vendorID.MatchString(id) {
			errs = append(errs, fmt.Errorf("purge.%s: %q is not an id: letters and digits, as the vendor's console shows it", key, id))
		}
	}
	return errors.Join(errs...)
}
