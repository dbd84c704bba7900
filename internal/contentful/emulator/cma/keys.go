package cma

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"net/http"
	"slices"

	"github.com/segue-dev/segue/internal/contentful/emulator/store"
)

// appKey is a key of an app, in the scope of the organization.
const appKey store.Kind = "AppKey"

// keyBits is how long generated keys are.
const keyBits = 2048

// createKey gives an app a public key, of a JSON Web Key with a certificate or
// generated. The private key of the latter is answered once and not kept.
func createKey(c *call) (reply, error) {
	body, err := c.object()
	if err != nil {
		return reply{}, err
	}
	if _, err := c.found(store.AppDefinition, c.path("id")); err != nil {
		return reply{}, err
	}
	private := ""
	if generate, _ := body["generate"].(bool); generate {
		if body, private, err = generateKey(); err != nil {
			return reply{}, err
		}
	}
	if _, err := publicKey(body); err != nil {
		return reply{}, invalid("ValidationFailed", problem{Name: "jwk", Path: []any{"jwk"}, Details: "jwk.x5c must have the certificate of an RSA key, or generate be true"})
	}
	more := store.Object{"appDefinition": store.Link{LinkType: string(store.AppDefinition), ID: c.path("id")}.Object()}
	id := c.path("id") + "." + store.Text(body, "jwk", "kid")
	var made *store.Entity
	err = c.scope.Update(func(tx *store.Tx) error {
		made = tx.Create(store.Entity{Kind: appKey, ID: id, Body: body, More: more})
		return nil
	})
	if err != nil {
		return reply{}, err
	}
	shown := c.keyView(made)
	if private != "" {
		shown["generated"] = store.Object{"privateKey": private}
	}
	return reply{http.StatusCreated, shown}, nil
}

// generateKey returns what is kept of a new key, and its private part in PEM.
func generateKey() (body store.Object, private string, err error) {
	key, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return nil, "", err
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return nil, "", err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, "", err
	}
	digest := sha256.Sum256(public)
	fingerprint := base64.RawURLEncoding.EncodeToString(digest[:])
	body = store.Object{"jwk": store.Object{
		"alg": "RS256", "kty": "RSA", "use": "sig", "kid": fingerprint, "x5t": fingerprint,
		"x5c": []any{base64.StdEncoding.EncodeToString(public)},
	}}
	return body, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})), nil
}

func (c *call) keyView(e *store.Entity) store.Object {
	o := c.scope.Managed(e)
	o["sys"] = with(o["sys"].(store.Object), "id", store.Text(e.Body, "jwk", "kid"))
	return o
}

// keys returns the keys of the app in the path.
func (c *call) keys() []*store.Entity {
	organization := c.api.store.Organization(organization)
	return slices.DeleteFunc(slices.Clone(organization.List(appKey)), func(e *store.Entity) bool {
		return store.Text(e.More["appDefinition"], "sys", "id") != c.path("id")
	})
}

func listKeys(c *call) (reply, error) {
	items := []any{}
	for _, e := range c.keys() {
		items = append(items, c.keyView(e))
	}
	return reply{http.StatusOK, array(items)}, nil
}

func deleteKey(c *call) (reply, error) {
	_, err := c.change(appKey, c.path("id")+"."+c.path("key"), func(tx *store.Tx, e *store.Entity) (*store.Entity, error) {
		tx.Delete(e)
		return e, nil
	})
	return reply{status: http.StatusNoContent}, err
}

// publicKey reads the key of an app.
func publicKey(body store.Object) (*rsa.PublicKey, error) {
	chain, _ := store.At(body, "jwk", "x5c").([]any)
	if len(chain) == 0 {
		return nil, barred("no certificate")
	}
	encoded, _ := chain[0].(string)
	der, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return nil, err
	}
	if cert, err := x509.ParseCertificate(der); err == nil {
		if key, ok := cert.PublicKey.(*rsa.PublicKey); ok {
			return key, nil
		}
	}
	key, err := x509.ParsePKIXPublicKey(der) // what Contentful's own tools put there
	if err != nil {
		return nil, err
	}
	if key, ok := key.(*rsa.PublicKey); ok {
		return key, nil
	}
	return nil, barred("not an RSA key")
}
