package cma

import (
	"bytes"
	"encoding/base64"
	"image"
	_ "image/gif"  // for the size of pictures
	_ "image/jpeg" // for the size of pictures
	_ "image/png"  // for the size of pictures
	"maps"
	"net/http"
	"net/url"
	"strings"

	"github.com/segue-dev/segue/internal/contentful/emulator/store"
)

// upload is the kind of files that were uploaded.
const upload store.Kind = "Upload"

// createUpload keeps a file for an asset to be made of.
func createUpload(c *call) (reply, error) {
	scope, body := c.scope, c.body
	if scope.Environment == "" {
		scope, _ = c.api.store.Environment(scope.Space, "")
	}
	if scope == nil {
		return reply{}, c.missing(store.Environment, "master")
	}
	var made *store.Entity
	err := scope.Update(func(tx *store.Tx) error {
		made = tx.Create(store.Entity{Kind: upload, ID: newID(), Body: store.Object{"data": base64.StdEncoding.EncodeToString(body)}})
		return nil
	})
	return reply{http.StatusCreated, uploaded(scope, made)}, err
}

func uploaded(scope *store.Scope, e *store.Entity) store.Object {
	o := scope.Managed(e)
	return store.Object{"sys": o["sys"]}
}

// getUpload answers that a file is there.
func getUpload(c *call) (reply, error) {
	e, err := c.found(upload, c.path("id"))
	if err != nil {
		return reply{}, err
	}
	return reply{http.StatusOK, uploaded(c.scope, e)}, nil
}

// processAsset makes the file of an asset in a locale available under a URL: an
// upload under one of ours, a file from elsewhere under the one it has. It is
// done at once.
func processAsset(c *call) (reply, error) {
	locale := c.path("locale")
	_, err := c.change(store.Asset, c.path("id"), func(tx *store.Tx, e *store.Entity) (*store.Entity, error) {
		if err := c.notStale(e); err != nil {
			return nil, err
		}
		fields := store.Fields(e.Body)
		files, _ := fields["file"].(store.Object)
		file, _ := files[locale].(store.Object)
		if file == nil {
			return nil, invalid("ValidationFailed", required([]any{"fields", "file", locale}))
		}
		if store.Text(file, "url") != "" {
			return e, nil // it has been
		}
		processed, err := c.processed(tx, e, locale, file)
		if err != nil {
			return nil, err
		}
		files = with(files, locale, processed)
		return tx.Save(e, with(e.Body, "fields", with(fields, "file", files))), nil
	})
	return reply{status: http.StatusNoContent}, err
}

// with returns a copy of o with one member set.
func with(o store.Object, name string, value any) store.Object {
	c := maps.Clone(o)
	c[name] = value
	return c
}

func (c *call) processed(tx *store.Tx, asset *store.Entity, locale string, file store.Object) (store.Object, error) {
	done := maps.Clone(file)
	delete(done, "upload")
	delete(done, "uploadFrom")
	name := url.PathEscape(store.Text(file, "fileName"))
	if from := store.Text(file, "upload"); from != "" {
		_, done["url"], _ = strings.Cut(from, ":")
		if done["details"] == nil {
			done["details"] = store.Object{"size": store.Number(0)}
		}
		return done, nil
	}
	id := store.Text(file, "uploadFrom", "sys", "id")
	e, ok := tx.Get(upload, id)
	if !ok {
		return nil, invalid("ValidationFailed", problem{Name: "notResolvable", Path: []any{"fields", "file", locale, "uploadFrom"}, Details: "The upload does not exist"})
	}
	data, err := base64.StdEncoding.DecodeString(store.Text(e.Body, "data"))
	if err != nil {
		return nil, err
	}
	details := store.Object{"size": store.Number(len(data))}
	if picture, _, err := image.DecodeConfig(bytes.NewReader(data)); err == nil {
		details["image"] = store.Object{"width": store.Number(picture.Width), "height": store.Number(picture.Height)}
	}
	done["details"] = details
	done["url"] = "//" + c.api.opts.AssetHost(c.r) + "/_assets/" + url.PathEscape(c.scope.Space) + "/" + url.PathEscape(c.scope.Environment) + "/" + asset.ID + "/" + id + "/" + name
	return done, nil
}

// ServeAsset answers a request for an uploaded file, whose path is
// /_assets/space/environment/asset/upload/name.
func (a *API) ServeAsset(w http.ResponseWriter, r *http.Request) {
	parts := strings.Split(strings.TrimPrefix(r.URL.Path, "/_assets/"), "/")
	if len(parts) < 5 {
		http.NotFound(w, r)
		return
	}
	scope, ok := a.store.Environment(parts[0], parts[1])
	if !ok {
		http.NotFound(w, r)
		return
	}
	asset, there := scope.Get(store.Asset, parts[2])
	file, ok := scope.Get(upload, parts[3])
	if !there || !ok {
		http.NotFound(w, r)
		return
	}
	data, err := base64.StdEncoding.DecodeString(store.Text(file.Body, "data"))
	if err != nil {
		http.NotFound(w, r)
		return
	}
	files, _ := store.Fields(asset.Body)["file"].(store.Object)
	for _, f := range files {
		if strings.Contains(store.Text(f, "url"), parts[3]) {
			w.Header().Set("Content-Type", store.Text(f, "contentType"))
		}
	}
	_, _ = w.Write(data) // the client is gone if this fails
}
