package cma

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/segue-dev/segue/internal/contentful/emulator/store"
	"github.com/segue-dev/segue/internal/contentful/emulator/wire"
	"github.com/segue-dev/segue/internal/contentful/signature"
)

// putInstallation installs an app in an environment, or gives it other
// parameters.
func putInstallation(c *call) (reply, error) {
	body, err := c.object()
	if err != nil {
		return reply{}, err
	}
	id := c.path("id")
	var saved *store.Entity
	status := http.StatusOK
	err = c.scope.Update(func(tx *store.Tx) error {
		if e, ok := tx.Get(store.AppInstallation, id); ok {
			saved = tx.Save(e, body)
			return nil
		}
		status = http.StatusCreated
		more := store.Object{"appDefinition": store.Link{LinkType: string(store.AppDefinition), ID: id}.Object()}
		saved = tx.Create(store.Entity{Kind: store.AppInstallation, ID: id, Body: body, More: more})
		return nil
	})
	return c.shown(status, saved), err
}

// putOfApp writes what an app has one of. Secrets are answered by their end.
func putOfApp(kind store.Kind) handler {
	return func(c *call) (reply, error) {
		body, err := c.object()
		if err != nil {
			return reply{}, err
		}
		if _, err := c.found(store.AppDefinition, c.path("id")); err != nil {
			return reply{}, err
		}
		if kind == store.AppSigningSecret && signature.CheckSecret(store.Text(body, "value")) != nil {
			return reply{}, invalid("ValidationFailed", problem{Name: "regexp", Path: []any{"value"}, Details: "A secret has 64 characters of 0-9, a-z, A-Z, +, /, =, _ and -"})
		}
		err = c.scope.Update(func(tx *store.Tx) error {
			if e, ok := tx.Get(kind, c.path("id")); ok {
				tx.Save(e, body)
				return nil
			}
			tx.Create(store.Entity{Kind: kind, ID: c.path("id"), Body: body})
			return nil
		})
		if err != nil {
			return reply{}, err
		}
		return getOfApp(kind)(c)
	}
}

func getOfApp(kind store.Kind) handler {
	return func(c *call) (reply, error) {
		e, err := c.found(kind, c.path("id"))
		if err != nil {
			return reply{}, err
		}
		o := c.scope.Managed(e)
		if value := store.Text(o, "value"); kind == store.AppSigningSecret {
			o["redactedValue"] = value[len(value)-4:]
			delete(o, "value")
		}
		return reply{http.StatusOK, o}, nil
	}
}

// maxLifetime is how long a token of an app, and the JWT it is asked for with,
// may be good.
const maxLifetime = 10 * time.Minute

// createAccessToken gives an installed app a token, for a JWT that one of its
// keys has signed.
func createAccessToken(c *call) (reply, error) {
	app := c.path("id")
	if !c.signedByApp(wire.Token(c.r), app) {
		return reply{}, wire.Unauthorized()
	}
	if _, err := c.found(store.AppInstallation, app); err != nil {
		return reply{}, err
	}
	expires := c.api.opts.Now().Add(maxLifetime)
	token := appToken(app, expires)
	c.api.mu.Lock()
	c.api.tokens[token] = expires
	c.api.mu.Unlock()
	return reply{http.StatusCreated, store.Object{
		"token": token,
		"sys": store.Object{
			"type": "AppAccessToken", "expiresAt": store.Time(expires),
			"space":         store.Link{LinkType: "Space", ID: c.scope.Space}.Object(),
			"environment":   store.Link{LinkType: "Environment", ID: c.scope.Environment}.Object(),
			"appDefinition": store.Link{LinkType: string(store.AppDefinition), ID: app}.Object(),
		},
	}}, nil
}

// appToken returns a token in the form of a JWT, since clients read its exp. It
// is good because the API remembers it: nothing is signed.
func appToken(app string, expires time.Time) string {
	part := func(v any) string {
		raw, _ := json.Marshal(v) // strings and numbers always encode
		return base64.RawURLEncoding.EncodeToString(raw)
	}
	return part(map[string]string{"alg": "none", "typ": "JWT"}) + "." +
		part(map[string]any{"iss": "segue-stand-in", "sub": app, "exp": expires.Unix()}) + "." + newID()
}

// signedByApp reports whether a JWT is of an app, of now, and signed by a key of
// the app.
func (c *call) signedByApp(jwt, app string) bool {
	parts := strings.Split(jwt, ".")
	if len(parts) != 3 {
		return false
	}
	var header struct{ Alg string }
	var claims struct {
		Iss string
		Exp int64
	}
	sig, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || !decodePart(parts[0], &header) || !decodePart(parts[1], &claims) {
		return false
	}
	left := time.Unix(claims.Exp, 0).Sub(c.api.opts.Now())
	if header.Alg != "RS256" || claims.Iss != app || left <= 0 || left > maxLifetime+time.Minute {
		return false
	}
	digest := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	return slices.ContainsFunc(c.keys(), func(e *store.Entity) bool {
		key, err := publicKey(e.Body)
		return err == nil && rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], sig) == nil
	})
}

func decodePart(part string, into any) bool {
	raw, err := base64.RawURLEncoding.DecodeString(part)
	return err == nil && json.Unmarshal(raw, into) == nil
}

// createSignedRequest signs a request of an app's front end to its back end.
func createSignedRequest(c *call) (reply, error) {
	var req struct {
		Method, Path, Body string
		Headers            map[string]string
	}
	if err := json.Unmarshal(c.body, &req); err != nil {
		return reply{}, wire.Errorf(http.StatusBadRequest, "BadRequest", "The body is not a request to sign.")
	}
	app := c.path("id")
	secret, ok := c.api.store.Organization(organization).Get(store.AppSigningSecret, app)
	if !ok {
		return reply{}, wire.NotFound(string(store.AppSigningSecret), app, "", "")
	}
	header := http.Header{}
	for name, value := range req.Headers {
		header.Set(name, value)
	}
	signed, err := signature.Sign(store.Text(secret.Body, "value"),
		signature.Request{Method: req.Method, Path: req.Path, Header: header, Body: []byte(req.Body)},
		signature.Context{Space: c.scope.Space, Environment: c.scope.Environment, User: "segue-user", App: app}, c.api.opts.Now())
	if err != nil {
		return reply{}, invalid("ValidationFailed", problem{Name: "request", Path: []any{"path"}, Details: err.Error()})
	}
	return reply{http.StatusCreated, store.Object{
		"sys": store.Object{
			"type":          "AppSignedRequest",
			"appDefinition": store.Link{LinkType: string(store.AppDefinition), ID: app}.Object(),
		},
		"additionalHeaders": flat(signed),
	}}, nil
}
