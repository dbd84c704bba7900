package delivery

import (
	"encoding/base64"
	"encoding/json"
	"regexp"

	"github.com/segue-dev/segue/internal/contentful/emulator/query"
	"github.com/segue-dev/segue/internal/contentful/emulator/store"
)

// A resource is an entry or asset of any space, by its name in all of
// Contentful.
var resource = regexp.MustCompile(`^crn:contentful:::content:spaces/([^/]+)(?:/environments/([^/]+))?/(entries|assets)/([^/]+)$`)

// followResource notes what a link into a space leads to, if the request has a
// token for that space.
func (in *includes) followResource(l query.Link) {
	parts := resource.FindStringSubmatch(l.ID)
	if parts == nil || in.r.resourceTokens()[parts[1]] != in.r.api.opts.Token {
		in.errors = append(in.errors, l)
		return
	}
	kind := store.Entry
	if parts[3] == "assets" {
		kind = store.Asset
	}
	scope, ok := in.r.api.store.Environment(parts[1], parts[2])
	if !ok {
		in.errors = append(in.errors, l)
		return
	}
	e := in.r.api.view(scope).find(kind, parts[4])
	if e == nil {
		in.errors = append(in.errors, l)
		return
	}
	// What it links to is in its own space, and not followed from here.
	in.found[e.Type] = append(in.found[e.Type], e)
}

// resourceTokens returns the tokens that a request has for other spaces.
func (r *request) resourceTokens() map[string]string {
	raw, err := base64.StdEncoding.DecodeString(r.Header.Get("X-Contentful-Resource-Resolution"))
	if err != nil {
		return nil
	}
	var wire struct{ Spaces map[string]string }
	if json.Unmarshal(raw, &wire) != nil {
		return nil
	}
	return wire.Spaces
}
