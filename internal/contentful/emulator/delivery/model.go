package delivery

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"time"

	"github.com/segue-dev/segue/internal/contentful/emulator/store"
	"github.com/segue-dev/segue/internal/contentful/emulator/wire"
)

// space answers with the space and its locales.
func space(r *request) (answer, error) {
	locales := []store.Object{}
	for _, l := range r.view.space.Locales {
		locale := store.Object{"code": l.Code, "default": l.Default, "name": l.Code, "fallbackCode": nil}
		if l.Fallback != "" {
			locale["fallbackCode"] = l.Fallback
		}
		locales = append(locales, locale)
	}
	for _, known := range r.view.scope.Locales() {
		for _, l := range locales {
			if l["code"] == known.Code {
				l["name"] = known.Name
			}
		}
	}
	id := r.view.scope.Space
	return marshaled(store.Object{"sys": store.Object{"type": "Space", "id": id}, "name": id, "locales": locales})
}

// maxKeyLife is the longest that a key for embargoed assets is good.
const maxKeyLife = 48 * time.Hour

// assetKey answers with a key for embargoed assets, which the stand-in serves
// without one.
func assetKey(r *request) (answer, error) {
	var body struct{ ExpiresAt int64 }
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		return answer{}, wire.Errorf(http.StatusBadRequest, "BadRequest", "The body of the request must be a JSON object with expiresAt, in seconds since 1970.")
	}
	now := r.api.opts.Now()
	if at := time.Unix(body.ExpiresAt, 0); at.Before(now) || at.After(now.Add(maxKeyLife)) {
		return answer{}, wire.Errorf(http.StatusUnprocessableEntity, "ValidationFailed", "expiresAt must be within the next 48 hours.")
	}
	reply, err := marshaled(store.Object{"policy": rand.Text(), "secret": rand.Text()})
	reply.status = http.StatusCreated
	return reply, err
}

// timeline answers as handle does: the stand-in has no content of the future, so
// that at any release or instant to come there is what there is now.
func timeline(handle func(*request) (answer, error)) func(*request) (answer, error) {
	return func(r *request) (answer, error) {
		const release, timestamp = "release[lte]", "timestamp[lte]"
		if !r.params.Has(release) && !r.params.Has(timestamp) {
			return answer{}, wire.Errorf(http.StatusBadRequest, "BadRequest", "A timeline is asked for with %s or %s.", release, timestamp)
		}
		if at := r.params.Get(timestamp); at != "" {
			if _, err := time.Parse(time.RFC3339, at); err != nil {
				return answer{}, wire.Errorf(http.StatusBadRequest, "BadRequest", "%s is not an instant: %s", timestamp, at)
			}
		}
		r.ignore = append(r.ignore, release, timestamp)
		return handle(r)
	}
}
