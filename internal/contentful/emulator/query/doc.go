// Package query is the query language of Contentful's APIs: which entities the
// parameters of a URL ask for, in which order, which page of them, and with
// which of their fields. It is pure: the space it is asked about is an argument.
//
// Delivery, preview and management API share it. They differ in what an entity
// looks like to them, which is what [Entity] carries, and in whether an answer has
// the values of one locale or of all, which is what [Query.Append] is told:
//
//	q, err := query.New(query.Entries, r.URL.Query(), space)
//	page, err := q.Page(slices.Values(entities))
//	body = q.Append(body, page.Items[0], query.AllLocales)
//
// The rule it upholds: a parameter is either applied or an Error; it is never
// passed over.
package query
