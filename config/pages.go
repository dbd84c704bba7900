package config

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Pages says how shared caches keep pages.
type Pages struct {
	SharedAge            time.Duration // how long they need not ask
	StaleWhileRevalidate time.Duration // how much longer they may answer while they ask
	StaleIfError         time.Duration // and while nobody answers them
	TagHeaders           []string      // those that name what a page is purged by
	Permutations         int           // of a page that they keep
}

// tagHeaders are those that caches understand.
var tagHeaders = []string{"Cache-Groups", "Cache-Tag", "Edge-Cache-Tag", "Netlify-Cache-Tag", "Surrogate-Key"}

func (p Pages) check() error {
	var errs []error
	for _, name := range p.TagHeaders {
		errs = append(errs, oneOf("pages.tagHeaders", name, tagHeaders))
	}
	if len(slices.Compact(slices.Sorted(slices.Values(p.TagHeaders)))) < len(p.TagHeaders) {
		errs = append(errs, errors.New("pages.tagHeaders: a header is named twice: keep one"))
	}
	if p.Permutations > maxPermutations {
		errs = append(errs, fmt.Errorf("pages.permutations: more than %d of each page are not worth the memory of caches", maxPermutations))
	}
	return errors.Join(append(errs,
		atLeast("pages.sharedAge", int64(p.SharedAge), int64(time.Second), "5m is usual"),
		atLeast("pages.staleWhileRevalidate", int64(p.StaleWhileRevalidate), 0, "1d is usual"),
		atLeast("pages.staleIfError", int64(p.StaleIfError), 0, "1d is usual"),
		atLeast("pages.permutations", int64(p.Permutations), 1, "64 is usual"),
	)...)
}

// maxPermutations bounds the permutations of a page that caches may keep.
const maxPermutations = 4096
