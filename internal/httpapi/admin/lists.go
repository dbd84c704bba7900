package admin

import (
	"cmp"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/httpapi/reply"
	"github.com/segue-dev/segue/internal/idlist"
)

const (
	// maxList is how many bytes an upload may have, before and after
	// decompression.
	maxList = 1 << 30
	// maxUpload is how long one may take.
	maxUpload = 5 * time.Minute
)

type listOf struct {
	Key     string `json:"key"`
	Version string `json:"version"`
}

type listsAnswer struct {
	Lists []listOf `json:"lists"` // in order of key
}

type listAnswer struct {
	listOf
	IDs int `json:"ids"` // different ones
}

// lists answers with the lists there are.
func (a *api) lists(c echo.Context) error {
	versions, err := a.Lists.ListVersions(c.Request().Context())
	if err != nil {
		return err
	}
	answer := listsAnswer{Lists: []listOf{}}
	for key, version := range versions {
		answer.Lists = append(answer.Lists, listOf{key, version})
	}
	slices.SortFunc(answer.Lists, func(x, y listOf) int { return cmp.Compare(x.Key, y.Key) })
	c.Response().Header().Set(echo.HeaderCacheControl, "no-store")
	return c.JSON(http.StatusOK, answer)
}

// putList stores the list in the body, one id a line, in place of the one there
// may be. When it is answered, rules about the list know it.
func (a *api) putList(c echo.Context) error {
	key, err := reply.Param(c, "key")
	if err := errors.Join(err, idlist.CheckKey(key), allow(c, maxUpload)); err != nil {
		return err
	}
	src, err := upload(c)
	if err != nil {
		return err
	}
	l, err := idlist.Read(src)
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return fault.New(fault.TooLarge, "body: more than %d bytes; split the list", maxList)
	}
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	if err := a.Lists.PutList(ctx, key, l); err != nil {
		return err
	}
	a.Changed(context.WithoutCancel(ctx))
	return c.JSON(http.StatusOK, listAnswer{listOf{key, l.Version()}, l.Len()})
}

// upload returns the body, decompressed and bounded.
func upload(c echo.Context) (io.Reader, error) {
	src := http.MaxBytesReader(c.Response(), c.Request().Body, maxList)
	if !strings.EqualFold(c.Request().Header.Get(echo.HeaderContentEncoding), "gzip") {
		return src, nil
	}
	unzip, err := gzip.NewReader(src)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "body: is not gzip as its Content-Encoding says")
	}
	return http.MaxBytesReader(c.Response(), unzip, maxList), nil
}

// deleteList removes a list. Rules about it are unknown then.
func (a *api) deleteList(c echo.Context) error {
	key, err := reply.Param(c, "key")
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	if err := a.Lists.DeleteList(ctx, key); err != nil {
		return err
	}
	a.Changed(context.WithoutCancel(ctx))
	return c.NoContent(http.StatusNoContent)
}
