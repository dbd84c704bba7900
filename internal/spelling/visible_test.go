package spelling_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/spelling"
)

func TestVisible(t *testing.T) {
	for name, tc := range map[string]struct{ in, visible, id string }{
		"plain":                   {"mobile", "mobile", "mobile"},
		"blanks":                  {" mo bile\t", " mo bile\t", "mo bile"},
		"woven in at the end":     {"EU\u200b\u200c\u200d\ufeff\u200d", "EU", "EU"},
		"woven in between":        {"E\u200c\u200d\u200cU", "EU", "EU"},
		"at the start":            {"\ufeffEU", "EU", "EU"},
		"a joiner at the start":   {"\u200dEU", "EU", "EU"},
		"soft hyphen":             {"plan\u00ading", "planing", "planing"},
		"joiner in Persian":       {"می\u200cخواهم", "می\u200cخواهم", "میخواهم"},
		"joiner of emoji":         {"👩\u200d💻\u200d", "👩\u200d💻", "👩💻"},
		"nothing that shows":      {"\u200b\u2060", "", ""},
		"directions to the shows": {"a\u200eb", "ab", "ab"},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, tc.visible, spelling.Visible(tc.in))
			require.Equal(t, tc.id, spelling.ID(tc.in))
		})
	}
}
