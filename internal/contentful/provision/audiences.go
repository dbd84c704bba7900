package provision

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/segue-dev/segue/internal/contentful"
	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/segment/syntax"
)

// mark is the key of nt_metadata that says that an audience is ours.
const mark = "segue"

// Audiences says how segments should be in a space.
type Audiences struct {
	Locale string // the default of the space
	// Retire takes away audiences of ours that no segment stands behind any more.
	Retire bool
}

// Plan plans an nt_audience for each active segment, with the key of the segment
// as its id, so that editors can choose it. An audience of somebody else with
// that id stays as it is: it stands for the segment already.
func (a Audiences) Plan(ctx context.Context, cma *contentful.CMA, segments []syntax.Definition) (Plan, error) {
	there, err := audiences(ctx, cma, a.Locale)
	if err != nil {
		return nil, err
	}
	plan := Plan{}
	active := map[string]bool{}
	for _, d := range segments {
		if d.Status != syntax.Active {
			continue
		}
		active[d.Key] = true
		c, err := a.planOne(ctx, cma, d, there[d.Key])
		if err != nil {
			return nil, err
		}
		if c.Action != "" {
			plan = append(plan, c)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(there)) {
		if h := there[key]; h.ours && !active[key] && h.item.Sys.ArchivedVersion == 0 {
			plan = append(plan, a.retire(cma, h))
		}
	}
	return plan, nil
}

// An audience is one that is in the space.
type audience struct {
	item contentful.Item
	ours bool
}

// audiences returns those of the space by audience id.
func audiences(ctx context.Context, cma *contentful.CMA, locale string) (map[string]audience, error) {
	there := map[string]audience{}
	query := url.Values{"content_type": {"nt_audience"}, "order": {"sys.createdAt,sys.id"}}
	for item, err := range cma.Entries.All(ctx, query) {
		if err != nil {
			return nil, rights(fmt.Errorf("the audiences of the space: %w (is the content model there? `segue contentful install` makes it)", err))
		}
		var body object
		if err := item.Decode(&body); err != nil {
			return nil, err
		}
		key, _ := value(body, "nt_audience_id", locale).(string)
		there[key] = audience{item, owned(body, locale)}
	}
	return there, nil
}

// owned reports whether an audience was made by us.
func owned(body object, locale string) bool {
	metadata, _ := value(body, "nt_metadata", locale).(object)
	return metadata[mark] != nil
}

// value returns the value of a field in a locale.
func value(body object, field, locale string) any {
	fields, _ := body["fields"].(object)
	values, _ := fields[field].(object)
	return values[locale]
}

// planOne plans the audience of a segment.
func (a Audiences) planOne(ctx context.Context, cma *contentful.CMA, d syntax.Definition, have audience) (Change, error) {
	keep := func(why string) (Change, error) {
		return Change{Action: "keep", Kind: "audience", ID: d.Key, Lines: []string{"! " + why}}, nil
	}
	id := d.Key
	switch {
	case have.item.Raw != nil && !have.ours:
		return keep("entry " + have.item.Sys.ID + " is somebody else's audience with this id: it stands for the segment as it is")
	case have.item.Sys.ArchivedVersion > 0:
		return keep("entry " + have.item.Sys.ID + " is archived: take it out of the archive to use it again")
	case have.item.Raw != nil:
		id = have.item.Sys.ID
	}
	rules, err := rulesOf(d)
	if err != nil {
		return Change{}, err
	}
	return target{
		kind: "audience", id: id,
		read: func(ctx context.Context) (contentful.Item, error) { return cma.Entries.Get(ctx, id) },
		write: func(ctx context.Context, version int, body object) (contentful.Item, error) {
			return cma.Entries.Upsert(ctx, id, "nt_audience", version, body)
		},
		publish: func(ctx context.Context, version int) (contentful.Item, error) {
			return cma.Entries.Publish(ctx, id, version)
		},
		edit: func(body object) ([]string, error) { return a.edit(body, d, rules) },
	}.plan(ctx)
}

// edit makes an audience say what a segment is.
func (a Audiences) edit(body object, d syntax.Definition, rules any) (lines []string, err error) {
	if len(body) > 0 && !owned(body, a.Locale) {
		return nil, fault.New(fault.Invalid, "there is an entry with this id that is not Segue's: rename the segment, or give the entry the audience id %q", d.Key)
	}
	metadata, _ := value(body, "nt_metadata", a.Locale).(object)
	metadata = maps.Clone(metadata)
	if metadata == nil {
		metadata = object{}
	}
	metadata[mark] = object{"segment": d.Key}
	want := []struct {
		field string
		value any
	}{
		{"nt_name", d.Name},
		{"nt_description", d.SoWhat + "\n\n" + syntax.DescribeMembers(d)},
		{"nt_rules", object{"segue": rules}},
		{"nt_audience_id", d.Key},
		{"nt_metadata", metadata},
	}
	fields, _ := body["fields"].(object)
	if fields == nil {
		fields = object{}
		body["fields"] = fields
	}
	for _, w := range want {
		values, _ := fields[w.field].(object)
		if values == nil {
			values = object{}
		}
		if was := values[a.Locale]; !reflect.DeepEqual(was, w.value) {
			values[a.Locale], fields[w.field] = w.value, values
			lines = append(lines, difference(w.field, was, w.value))
		}
	}
	return lines, nil
}

// difference says in one line how a field changes.
func difference(field string, was, is any) string {
	if was == nil {
		return fmt.Sprintf("+ %s: %s", field, short(is))
	}
	return fmt.Sprintf("~ %s: %s (was %s)", field, short(is), short(was))
}

// short returns a value as JSON on one line of bounded length.
func short(v any) string {
	encoded, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	runes := []rune(strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(string(encoded)))
	if len(runes) > maxShort {
		return string(runes[:maxShort]) + "…"
	}
	return string(runes)
}

const maxShort = 120

// rulesOf returns the rule of a segment in JSON, as nt_rules has it below segue.
func rulesOf(d syntax.Definition) (any, error) {
	plain := syntax.Format(d.When)
	var rules any
	if err := yaml.Unmarshal([]byte(plain), &rules); err != nil {
		return nil, fmt.Errorf("segment %s: the rule cannot be told in JSON: %w", d.Key, err)
	}
	rules = generic(rules)
	encoded, err := json.Marshal(rules)
	if err != nil {
		return nil, fmt.Errorf("segment %s: the rule cannot be told in JSON: %w", d.Key, err)
	}
	back, err := syntax.ParseJSON(encoded, "segment "+d.Key)
	if err != nil || syntax.Format(back) != plain {
		return nil, fault.Wrap(fault.Internal, err, "segment %s: the rule reads otherwise in JSON: %s", d.Key, encoded)
	}
	return rules, nil
}

// retire plans to take an audience away, or says that it could be.
func (a Audiences) retire(cma *contentful.CMA, h audience) Change {
	id := h.item.Sys.ID
	c := Change{Action: "retire", Kind: "audience", ID: id, Lines: []string{"- no active segment has this key any more: unpublish and archive it"}}
	if !a.Retire {
		c.Action, c.Lines = "keep", []string{"! no active segment has this key any more: --retire unpublishes and archives it"}
		return c
	}
	c.apply = func(ctx context.Context) error {
		item, err := cma.Entries.Get(ctx, id)
		if err != nil {
			return err
		}
		if item.Sys.PublishedVersion > 0 {
			if item, err = cma.Entries.Unpublish(ctx, id, item.Sys.Version); err != nil {
				return err
			}
		}
		_, err = cma.Entries.Archive(ctx, id, item.Sys.Version)
		return err
	}
	return c
}
