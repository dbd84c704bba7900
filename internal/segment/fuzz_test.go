package segment

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
)

func FuzzQueryParameter(f *testing.F) {
	f.Add("https://a.example/?utm_source=mail&x=1#f", "utm_source")
	f.Add("?a+b=%20", "a b")
	f.Add("?%zz=1&&=2", "")
	f.Fuzz(func(t *testing.T, link, name string) {
		got, ok := queryParameter(link, name)
		u, err := url.Parse(link)
		if err != nil {
			return
		}
		want, err := url.ParseQuery(u.RawQuery)
		if err != nil {
			return // not well formed: any reading will do
		}
		require.Equal(t, want.Has(name), ok)
		require.Equal(t, want.Get(name), got)
	})
}

func FuzzVersion(f *testing.F) {
	f.Add("1.2.3", "v1.2.3-rc.1+b")
	f.Add("1", "1.0.0-0")
	f.Fuzz(func(t *testing.T, a, b string) {
		v, okV := parseVersion(a)
		w, okW := parseVersion(b)
		if okV && okW {
			require.Equal(t, v.compare(w), -w.compare(v))
			require.Zero(t, v.compare(v))
		}
	})
}
