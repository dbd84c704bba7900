package store_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/segue-dev/segue/internal/contentful/emulator/store"
)

// edited returns a store and its environment after random edits, and calls after
// after each.
func edited(t *rapid.T, after func(s *store.Store, env *store.Scope)) (*store.Store, *store.Scope) {
	now := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	s, err := store.Load(strings.NewReader(small), store.Options{Now: func() time.Time { now = now.Add(time.Second); return now }})
	require.NoError(t, err)
	env, _ := s.Environment("any", "")
	for range rapid.IntRange(0, 30).Draw(t, "edits") {
		id := rapid.SampledFrom([]string{"home", "idea", "a", "b"}).Draw(t, "id")
		do := rapid.SampledFrom([]string{"save", "publish", "publish de", "unpublish", "unpublish de", "archive", "unarchive", "delete"}).Draw(t, "do")
		title := rapid.StringMatching(`[a-z]{0,3}`).Draw(t, "title")
		require.NoError(t, env.Update(func(tx *store.Tx) error { edit(tx, id, do, title); return nil }))
		after(s, env)
	}
	return s, env
}

func edit(tx *store.Tx, id, do, title string) {
	body := fields(fmt.Sprintf(`{"en-US": %q, "de": %q}`, title, title+"!"))
	e, ok := tx.Get(store.Entry, id)
	if !ok {
		e = tx.Create(store.Entity{Kind: store.Entry, ID: id, ContentType: "page", Body: body})
	}
	switch {
	case do == "save":
		tx.Save(e, body)
	case do == "publish" && e.ArchivedVersion == 0:
		tx.Publish(e)
	case do == "publish de" && e.ArchivedVersion == 0:
		tx.PublishIn(e, []string{"de"})
	case do == "unpublish" && e.Published != nil:
		tx.Unpublish(e)
	case do == "unpublish de" && e.Published != nil:
		tx.UnpublishIn(e, []string{"de"})
	case do == "archive" && e.Published == nil:
		tx.Archive(e)
	case do == "unarchive" && e.ArchivedVersion > 0:
		tx.Unarchive(e)
	case do == "delete":
		tx.Delete(e)
	}
}

// delivered is all that the delivery API shows of entries, by id.
func delivered(env *store.Scope) map[string]string {
	all := map[string]string{}
	for _, e := range env.Published(store.Entry) {
		all[e.ID] = encoded(env.Delivered(e))
	}
	return all
}

func encoded(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(raw)
}

func TestWhatSyncTellsAddsUpToWhatIsPublished(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var token uint64
		var mirror map[string]string
		first := true
		edited(t, func(s *store.Store, env *store.Scope) {
			if first { // an initial sync
				mirror, token, first = delivered(env), s.Seq(), false
				return
			}
			if !rapid.Bool().Draw(t, "sync now") {
				return
			}
			changes, ok := env.Changes(token)
			require.True(t, ok)
			for _, c := range changes {
				if c.Deleted.IsZero() {
					mirror[c.Entity.ID] = encoded(env.Delivered(c.Entity))
				} else {
					delete(mirror, c.Entity.ID)
				}
				token = c.Seq
			}
			require.Equal(t, delivered(env), mirror)
		})
	})
}

func TestVersionsOnlyGrowAndAPublicationIsAVersion(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		versions := map[string]int{}
		edited(t, func(_ *store.Store, env *store.Scope) {
			for _, e := range env.List(store.Entry) {
				life := e.ID + encoded(e.CreatedAt) // after a deletion it starts anew
				require.GreaterOrEqual(t, e.Version, versions[life])
				if p := e.Published; p != nil {
					require.Less(t, p.Version, e.Version)
					require.Equal(t, e.PublishedCount, p.Revision)
					require.Zero(t, e.ArchivedVersion, "what is archived is not published")
				}
				versions[life] = e.Version
			}
		})
	})
}

func TestASavedStoreIsRestoredAsItWas(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, env := edited(t, func(*store.Store, *store.Scope) {})
		since := uint64(rapid.IntRange(0, int(s.Seq())).Draw(t, "since")) //nolint:gosec // few
		var saved bytes.Buffer
		require.NoError(t, s.Save(&saved))
		again, err := store.Restore(&saved, store.Options{})
		require.NoError(t, err)
		restored, ok := again.Environment("any", "")
		require.True(t, ok)
		require.Equal(t, encoded(env.Export()), encoded(restored.Export()))
		require.Equal(t, delivered(env), delivered(restored))
		require.Equal(t, told(env, since), told(restored, since))
	})
}

// told is what Sync tells since a number.
func told(env *store.Scope, since uint64) string {
	changes, _ := env.Changes(since)
	var all []any
	for _, c := range changes {
		if c.Deleted.IsZero() {
			all = append(all, env.Delivered(c.Entity))
		} else {
			all = append(all, env.Deleted(c.Entity, c.Deleted))
		}
	}
	return encoded(all)
}

func TestAnExportIsLoadedAsItWas(t *testing.T) {
	_, env := open(t)
	again, err := store.Load(strings.NewReader(encoded(env.Export())), store.Options{})
	require.NoError(t, err)
	loaded, _ := again.Environment("any", "")
	require.JSONEq(t, encoded(env.Export()), encoded(loaded.Export()))
}

func TestApplyingAnExportIsAsGoodAsLoadingIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, env := edited(t, func(*store.Store, *store.Scope) {})
		_, other := edited(t, func(*store.Store, *store.Scope) {})
		export := encoded(other.Export())
		loaded, err := store.Load(strings.NewReader(export), store.Options{})
		require.NoError(t, err)
		want, _ := loaded.Environment("any", "")
		mirror, token := published(env), s.Seq()
		require.NoError(t, env.Apply(strings.NewReader(export)))
		require.Equal(t, published(want), published(env))
		require.Equal(t, drafts(want), drafts(env))
		changes, ok := env.Changes(token)
		require.True(t, ok)
		for _, c := range changes {
			require.Equal(t, store.Entry, c.Entity.Kind, "assets are as they were")
			delete(mirror, c.Entity.ID)
			if c.Deleted.IsZero() {
				mirror[c.Entity.ID] = encoded(c.Entity.Published.Body)
			}
		}
		require.Equal(t, published(env), mirror, "sync tells of it")
		before := s.Seq()
		require.NoError(t, env.Apply(strings.NewReader(export)))
		require.Equal(t, before, s.Seq(), "nothing is left to do")
	})
}

// published is what is published of entries, and drafts are their drafts, by id.
func published(env *store.Scope) map[string]string {
	all := map[string]string{}
	for _, e := range env.Published(store.Entry) {
		all[e.ID] = encoded(e.Published.Body)
	}
	return all
}

func drafts(env *store.Scope) map[string]string {
	all := map[string]string{}
	for _, e := range env.List(store.Entry) {
		all[e.ID] = encoded(e.Body)
	}
	return all
}

// TestAnExportCanBeApplied has the older of two exports become the newer one.
func TestAnExportCanBeApplied(t *testing.T) {
	dir := os.Getenv("SEGUE_TEST_DATA")
	if dir == "" {
		t.Skip("skipped, for want of SEGUE_TEST_DATA")
	}
	read := func(name string) *os.File {
		f, err := os.Open(filepath.Join(dir, "exports", name))
		require.NoError(t, err)
		t.Cleanup(func() { _ = f.Close() })
		return f
	}
	s, err := store.Load(read("catalog-older.json"), store.Options{})
	require.NoError(t, err)
	env, _ := s.Environment("any", "")
	newer, err := store.Load(read("catalog-newer.json"), store.Options{})
	require.NoError(t, err)
	want, _ := newer.Environment("any", "")
	require.NotEqual(t, delivered(want), delivered(env))
	require.NoError(t, env.Apply(read("catalog-newer.json")))
	require.Equal(t, delivered(want), delivered(env))
	changes, ok := env.Changes(0)
	require.True(t, ok)
	require.NotEmpty(t, changes)
	require.Less(t, len(changes), len(want.List(store.Entry))+len(want.List(store.Asset)), "what is the same is not told of")
	before := s.Seq()
	require.NoError(t, env.Apply(read("catalog-newer.json")))
	require.Equal(t, before, s.Seq(), "nothing is left to do")
}
