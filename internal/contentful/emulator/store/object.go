package store

import (
	"maps"
	"net/url"
	"reflect"
	"slices"
	"time"
)

// timeLayout is how Contentful writes instants.
const timeLayout = "2006-01-02T15:04:05.000Z"

// Time returns an instant as Contentful writes it.
func Time(t time.Time) string { return t.UTC().Format(timeLayout) }

// paths are where the kinds are in URLs.
var paths = map[Kind]string{
	Entry: "entries", Asset: "assets", ContentType: "content_types", Locale: "locales", Tag: "tags",
	Webhook: "webhook_definitions", Role: "roles", Environment: "environments", Alias: "environment_aliases",
	Release: "releases", ScheduledAction: "scheduled_actions", AppInstallation: "app_installations",
	AppDefinition: "app_definitions", Concept: "taxonomy/concepts", ConceptScheme: "taxonomy/concept-schemes",
}

// CRN returns the name of e that is unique in all of Contentful.
func (s *Scope) CRN(e *Entity) string {
	crn := "crn:contentful:::content:"
	switch {
	case s.Environment != "":
		crn += "spaces/" + url.PathEscape(s.Space) + "/environments/" + url.PathEscape(s.Environment)
	case s.Space != "":
		crn += "spaces/" + url.PathEscape(s.Space)
	default:
		crn += "organizations/" + url.PathEscape(s.Organization)
	}
	if e.Kind == EditorInterface {
		return crn + "/content_types/" + url.PathEscape(e.ID) + "/editor_interface"
	}
	return crn + "/" + paths[e.Kind] + "/" + url.PathEscape(e.ID)
}

// sys returns what all views of e say in sys.
func (s *Scope) sys(e *Entity) Object {
	sys := union(e.More, Object{"id": e.ID, "type": string(e.Kind)})
	switch {
	case s.Environment != "":
		sys["space"] = Link{"Space", s.Space}.Object()
		sys["environment"] = Link{"Environment", s.Environment}.Object()
	case s.Space != "":
		sys["space"] = Link{"Space", s.Space}.Object()
	default:
		sys["organization"] = Link{"Organization", s.Organization}.Object()
	}
	if e.ContentType != "" {
		sys["contentType"] = Link{"ContentType", e.ContentType}.Object()
	}
	if e.Visibility != "" {
		sys["visibility"] = e.Visibility
	}
	if e.Kind == EditorInterface {
		sys["id"], sys["contentType"] = "default", Link{"ContentType", e.ID}.Object()
	}
	return sys
}

// with returns a body with sys; entries and assets have metadata always.
func with(e *Entity, body, sys Object) Object {
	o := maps.Clone(body)
	if o == nil {
		o = Object{}
	}
	o["sys"] = sys
	if e.Kind == Entry || e.Kind == Asset {
		completeContent(o)
	}
	return o
}

// completeContent gives an entry or asset its fields, and metadata with its two
// lists.
func completeContent(o Object) {
	metadata, _ := o["metadata"].(Object)
	o["metadata"] = union(Object{"tags": []any{}, "concepts": []any{}}, metadata)
	if o["fields"] == nil {
		o["fields"] = Object{}
	}
}

// Delivered returns e as it is published, in the form of the delivery API with
// all locales: {field: {locale: value}}. It is nil when e is not published.
func (s *Scope) Delivered(e *Entity) Object {
	p := e.Published
	if p == nil {
		return nil
	}
	sys := s.sys(e)
	sys["createdAt"], sys["updatedAt"] = Time(p.Since), Time(p.At)
	sys["revision"], sys["publishedVersion"] = Number(p.Revision), Number(p.Version)
	if e.Kind == ContentType {
		delete(sys, "publishedVersion")
	}
	return with(e, p.Body, sys)
}

// Previewed returns the draft of e in the form of the preview API with all
// locales.
func (s *Scope) Previewed(e *Entity) Object {
	sys := s.sys(e)
	sys["createdAt"], sys["updatedAt"] = Time(e.CreatedAt), Time(e.UpdatedAt)
	sys["revision"] = Number(e.PublishedCount)
	if e.Published != nil && e.Kind != ContentType {
		sys["publishedVersion"] = Number(e.Published.Version)
	}
	return with(e, e.Body, sys)
}

// Deleted returns what tells that e was unpublished or deleted.
func (s *Scope) Deleted(e *Entity, at time.Time) Object {
	sys := s.sys(e)
	delete(sys, "contentType")
	sys["type"] = "Deleted" + string(e.Kind)
	sys["createdAt"], sys["updatedAt"], sys["deletedAt"] = Time(at), Time(at), Time(at)
	sys["revision"] = Number(max(e.PublishedCount, 1))
	return Object{"sys": sys}
}

// Managed returns e in the form of the management API.
func (s *Scope) Managed(e *Entity) Object {
	sys := s.sys(e)
	sys["version"] = Number(e.Version)
	sys["createdAt"], sys["updatedAt"] = Time(e.CreatedAt), Time(e.UpdatedAt)
	sys["createdBy"], sys["updatedBy"] = e.CreatedBy.Object(), e.UpdatedBy.Object()
	if _, known := paths[e.Kind]; known {
		sys["urn"] = s.CRN(e)
	}
	if published(e.Kind) {
		s.publication(e, sys)
	}
	if e.ArchivedVersion > 0 {
		sys["archivedVersion"], sys["archivedAt"], sys["archivedBy"] = Number(e.ArchivedVersion), Time(e.ArchivedAt), e.UpdatedBy.Object()
	}
	return with(e, e.Body, sys)
}

// published reports whether entities of a kind are drafts until published.
func published(k Kind) bool { return k == Entry || k == Asset || k == ContentType }

func (s *Scope) publication(e *Entity, sys Object) {
	sys["publishedCounter"] = Number(e.PublishedCount)
	if !e.FirstPublished.IsZero() {
		sys["firstPublishedAt"] = Time(e.FirstPublished)
	}
	if p := e.Published; p != nil {
		sys["publishedVersion"], sys["publishedAt"], sys["publishedBy"] = Number(p.Version), Time(p.At), e.UpdatedBy.Object()
	}
	if e.Kind != ContentType {
		sys["fieldStatus"] = Object{"*": s.fieldStatus(e)}
	}
}

// fieldStatus says of each locale whether it is draft, changed or published.
func (s *Scope) fieldStatus(e *Entity) Object {
	status := Object{}
	for _, l := range s.Locales() {
		switch p := e.Published; {
		case p == nil || !p.InLocale(l.Code):
			status[l.Code] = "draft"
		case e.Changed() && !sameIn(l.Code, Fields(p.Body), Fields(e.Body)):
			status[l.Code] = "changed"
		default:
			status[l.Code] = "published"
		}
	}
	return status
}

func sameIn(locale string, a, b Object) bool {
	for _, name := range slices.Sorted(maps.Keys(union(a, b))) {
		x, _ := a[name].(Object)
		y, _ := b[name].(Object)
		if !reflect.DeepEqual(x[locale], y[locale]) {
			return false
		}
	}
	return true
}
