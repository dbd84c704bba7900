package admin

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/segue-dev/segue/internal/permutation"
)

// maxUsages bounds the pages that are told of without being asked for by name.
const maxUsages = 100

type permutationsAnswer struct {
	WindowSeconds int         `json:"windowSeconds"`
	Cap           int         `json:"cap"`   // permutations of a page that shared caches are given
	Pages         []pageUsage `json:"pages"` // the most asked for first
}

type pageUsage struct {
	Page         string  `json:"page"` // entry id
	Locale       string  `json:"locale"`
	Answers      int     `json:"answers"`
	Live         int     `json:"live"`  // permutations that were answered
	Other        int     `json:"other"` // answers of permutations that are too many to tell apart
	Permutations []share `json:"permutations,omitempty"`
}

type share struct {
	Key     string  `json:"key"`
	Answers int     `json:"answers"`
	Share   float64 `json:"share"`
	Shared  bool    `json:"shared"` // shared caches may keep it
}

// permutations answers with what was answered of pages lately: with ?page=ID of
// one page, key by key, and else of all, without keys.
func (a *api) permutations(c echo.Context) error {
	page := c.QueryParam("page")
	answer := permutationsAnswer{
		WindowSeconds: int(permutation.Window.Seconds()), Cap: a.Permutations.Cap(), Pages: []pageUsage{},
	}
	for _, u := range a.Permutations.Usage(page) {
		if page == "" && len(answer.Pages) == maxUsages {
			break
		}
		one := pageUsage{Page: u.Page, Locale: u.Locale, Answers: u.Answers, Live: u.Live, Other: u.Other}
		if page != "" {
			for _, s := range u.Permutations {
				one.Permutations = append(one.Permutations, share(s))
			}
		}
		answer.Pages = append(answer.Pages, one)
	}
	c.Response().Header().Set(echo.HeaderCacheControl, "no-store")
	return c.JSON(http.StatusOK, answer)
}
