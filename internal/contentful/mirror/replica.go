package mirror

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/segue-dev/segue/internal/content"
	"github.com/segue-dev/segue/internal/contentful"
	"github.com/segue-dev/segue/internal/contentful/space"
)

// A replica is one copy of a space, with the journal that keeps it on disk. It
// is not safe for concurrent use.
type replica struct {
	live        *space.Live
	held        map[space.Ref]stamp
	gone        map[space.Ref]stamp     // what was taken away, so that late news of it is known to be old
	pending     map[space.Ref]time.Time // what a webhook said and nothing has confirmed: since when
	refused     map[space.Ref]string    // what cannot be taken in, and why
	counts      map[space.Kind]int      // of held
	model       []byte                  // as JSON, to tell if it differs; nil = not known yet
	token       string                  // of the source: what comes after what is held
	asOf        time.Time               // when what is held was last found to be true; zero = never
	environment string                  // as the items of the source name it; "" = they do not
	journal     *journal
	kept        int64 // bytes of what is held
}

func newReplica(j *journal) *replica {
	return &replica{
		live: space.NewLive(), journal: j,
		held: map[space.Ref]stamp{}, gone: map[space.Ref]stamp{}, pending: map[space.Ref]time.Time{},
		refused: map[space.Ref]string{}, counts: map[space.Kind]int{},
	}
}

// known returns the last change of an entry or asset.
func (r *replica) known(ref space.Ref) (s stamp, gone, ok bool) {
	if s, ok := r.held[ref]; ok {
		return s, false, true
	}
	s, ok = r.gone[ref]
	return s, ok, ok
}

// differs reports whether what the source has of something is not what is held
// of it. What a webhook said may still be unknown to the source.
func (r *replica) differs(c change) bool {
	s, gone, ok := r.known(c.Ref)
	return !ok || c.newer(s, gone) || !r.isPending(c.Ref) && (gone || s != c.stamp)
}

// checkHome returns errStale if a change is of another environment than what is
// held: an alias leads elsewhere than before.
func (r *replica) checkHome(c change) error {
	if c.environment == "" || r.environment == "" || c.environment == r.environment {
		return nil
	}
	return fmt.Errorf("%w: it is of environment %s, and the space now answers with that of %s", errStale, r.environment, c.environment)
}

// home returns the environment that a replica from disk is of, by what the
// source said of any item; "" = it is not said.
func (r *replica) home() string {
	for ref := range r.held {
		var item contentful.Item
		if !r.isPending(ref) && json.Unmarshal(r.live.Get(ref), &item) == nil {
			return item.Sys.Environment.Sys.ID
		}
	}
	return ""
}

// isPending reports whether a webhook said so and nothing has confirmed it.
func (r *replica) isPending(ref space.Ref) bool {
	_, ok := r.pending[ref]
	return ok
}

// total returns how many entries or assets the space has by what is known.
func (r *replica) total(kind space.Kind) int {
	n := r.counts[kind]
	for ref := range r.refused {
		if _, ok := r.held[ref]; !ok && ref.Kind == kind {
			n++
		}
	}
	return n
}

// tell takes in what a webhook says, unless it is old news. It reports whether
// anything is different now.
func (r *replica) tell(c change, now time.Time) bool {
	if s, gone, ok := r.known(c.Ref); ok && !c.newer(s, gone) {
		return false
	}
	r.put(c, true)
	r.pending[c.Ref] = now
	return true
}

// apply takes in what the source says, unless it is old news, and confirms what
// a webhook said. It reports whether anything is different now.
func (r *replica) apply(c change) bool {
	r.environment = cmp.Or(r.environment, c.environment)
	s, gone, ok := r.known(c.Ref)
	switch {
	case !ok || c.newer(s, gone):
		r.put(c, false)
		return true
	case c.stamp == s && c.gone() == gone && r.isPending(c.Ref):
		r.put(c, false) // a webhook's body that was not quite the truth is mended, too
		return true
	default:
		return false
	}
}

// settled notes that what a webhook said of something is true.
func (r *replica) settled(ref space.Ref) {
	delete(r.pending, ref)
	s, _, _ := r.known(ref)
	r.journal.change(change{Ref: ref, stamp: s, raw: r.live.Get(ref)}, false)
}

// put takes in a change, whatever there was before. What is not usable leaves
// what there was, and the reason.
func (r *replica) put(c change, pending bool) {
	delete(r.refused, c.Ref)
	if c.gone() {
		r.hold(c, pending)
		return
	}
	compact, err := space.Compact(c.Ref, c.raw)
	if err != nil {
		r.refused[c.Ref] = err.Error()
		compact = r.live.Get(c.Ref)
	}
	if compact != nil {
		c.raw = compact
		r.hold(c, pending)
	}
}

// hold notes a change, compact as it is kept.
func (r *replica) hold(c change, pending bool) {
	r.restore(c, pending, time.Time{})
	r.journal.change(c, pending)
}

// restore is hold for what the journal has already.
func (r *replica) restore(c change, pending bool, since time.Time) {
	if _, ok := r.held[c.Ref]; ok {
		r.counts[c.Kind]--
		r.kept -= int64(len(r.live.Get(c.Ref)))
	}
	delete(r.held, c.Ref)
	delete(r.gone, c.Ref)
	delete(r.pending, c.Ref)
	if pending {
		r.pending[c.Ref] = since
	}
	if c.gone() {
		r.live.Remove(c.Ref)
		r.gone[c.Ref] = c.stamp
		return
	}
	r.live.Put(c.Ref, c.raw)
	r.held[c.Ref] = c.stamp
	r.counts[c.Kind]++
	r.kept += int64(len(c.raw))
}

// forget lets news of something be new, however old it is.
func (r *replica) forget(ref space.Ref) {
	r.put(change{Ref: ref}, false)
}

// setModel replaces types, locales, tags and concepts. It reports whether they
// are different now; the error is a fault.Invalid for a model that is not
// usable: then what there was stays.
func (r *replica) setModel(m space.Model) (bool, error) {
	raw, err := json.Marshal(m)
	if err != nil || bytes.Equal(raw, r.model) {
		return false, err
	}
	if err := m.Check(); err != nil {
		return false, err
	}
	r.model = raw
	r.live.SetModel(m)
	r.journal.write(record{op: opModel, data: raw})
	return true, nil
}

// noteEvery is how exactly the file tells as of when it is.
const noteEvery = time.Minute

// setToken notes where the source goes on, and as of when what is held is true.
func (r *replica) setToken(token string, now time.Time) {
	if token == r.token && now.Sub(r.asOf.Truncate(noteEvery)) < noteEvery {
		r.asOf = now
		return
	}
	r.token, r.asOf = token, now
	r.writeToken(r.journal)
}

func (r *replica) writeToken(j *journal) {
	j.write(record{op: opToken, stamp: stamp{At: r.asOf.UnixMilli()}, data: []byte(r.token)})
}

// slack is how many bytes of old news on disk do not matter.
const slack = 4 << 20

// tidy writes the journal anew if most of it is old news.
func (r *replica) tidy(h header) {
	j := r.journal
	if j == nil || j.failed || j.size < 2*r.kept+slack {
		return
	}
	fresh := create(j.path, h, j.log)
	r.writeTo(fresh)
	if fresh.failed {
		fresh.discard()
		return
	}
	fresh.keep()
	j.close()
	r.journal = fresh
}

// writeTo writes all that the replica is into a journal.
func (r *replica) writeTo(j *journal) {
	if r.model != nil {
		j.write(record{op: opModel, data: r.model})
	}
	for ref, s := range r.held {
		j.change(change{Ref: ref, stamp: s, raw: r.live.Get(ref)}, r.isPending(ref))
	}
	for ref, s := range r.gone {
		j.change(change{Ref: ref, stamp: s}, r.isPending(ref))
	}
	r.writeToken(j)
}

// load reads the replica that a file keeps, and goes on with the file. It is nil
// if there is none, or one that is of no use; why is logged.
func load(path string, h header, now time.Time, log *slog.Logger) *replica {
	r, size := peekSize(path, h, now, log)
	if r == nil {
		return nil
	}
	r.journal = reopen(path, size, log)
	return r
}

// peek is load without a file to go on with.
func peek(path string, h header, now time.Time, log *slog.Logger) *replica {
	r, _ := peekSize(path, h, now, log)
	return r
}

// peekSize also returns where the last whole record ends.
func peekSize(path string, h header, now time.Time, log *slog.Logger) (*replica, int64) {
	if path == "" {
		return nil, 0
	}
	r := newReplica(nil)
	size, err := readFile(path, h, func(rec record) error { return r.replay(rec, now) })
	if err == nil && (r.token == "" || r.model == nil) {
		err = errors.New("it is not complete")
	}
	if err == nil {
		r.environment = r.home()
		return r, size
	}
	if !errors.Is(err, fs.ErrNotExist) {
		log.Warn("the copy of the content on disk is of no use; Contentful is asked for a new one", "file", path, "err", err)
	}
	return nil, 0
}

// replay takes in a record of a file.
func (r *replica) replay(rec record, now time.Time) error {
	switch rec.op {
	case opModel:
		var m space.Model
		if err := json.Unmarshal(rec.data, &m); err != nil {
			return err
		}
		r.model = rec.data
		r.live.SetModel(m)
		return m.Check()
	case opToken:
		r.token, r.asOf = string(rec.data), time.UnixMilli(rec.At)
		return nil
	}
	pending := rec.op&opPending != 0
	kind := space.Entry
	var kept json.RawMessage // nil = gone
	switch rec.op &^ opPending {
	case opEntry:
		kept = rec.data
	case opAsset:
		kind, kept = space.Asset, rec.data
	case opNoEntry:
	case opNoAsset:
		kind = space.Asset
	default:
		return fmt.Errorf("a record of kind %q is not known", rec.op)
	}
	r.restore(change{Ref: space.Ref{Kind: kind, ID: rec.id}, stamp: rec.stamp, raw: kept}, pending, now)
	return nil
}

// unconfirmed returns what a webhook said before an instant and nothing has
// confirmed, in order.
func (r *replica) unconfirmed(before time.Time) []space.Ref {
	var refs []space.Ref
	for ref, since := range r.pending {
		if since.Before(before) {
			refs = append(refs, ref)
		}
	}
	slices.SortFunc(refs, compareRefs)
	return refs
}

// findings are what could not be taken in.
func (r *replica) findings() []content.Finding {
	var all []content.Finding
	for ref, why := range r.refused {
		all = append(all, content.Finding{Entry: ref.ID, Message: "cannot be taken in, so what was before is shown: " + why})
	}
	slices.SortFunc(all, func(a, b content.Finding) int { return strings.Compare(a.Entry, b.Entry) })
	return all
}

// compareRefs orders by kind and id.
func compareRefs(a, b space.Ref) int {
	return strings.Compare(string(a.Kind)+"\x00"+a.ID, string(b.Kind)+"\x00"+b.ID)
}
