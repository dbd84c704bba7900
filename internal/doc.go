// Package internal is Segue's code. It has no code of its own: this is the map,
// and internal/archtest keeps it true. A package imports only what stands above
// it; adapters never import each other.
//
// Words: what the product is about, pure.
//
//	fault                    what a caller can do about an error
//	spelling                 what a misspelt name was meant to be
//	rawjson                  where values are in JSON, without decoding it
//	idlist                   lists of visitors' ids, uploaded; their Store contract
//	idlist/idlisttest        the contract as tests, for every engine
//	signal                   one thing a visitor did
//	visitor                  what is remembered of a visitor; the Store contract
//	visitor/visitortest      the contract as tests, for every engine
//	segment/syntax           the language of segments as written
//	segment                  what it means: compile, evaluate, explain
//	segment/whatif           what would make a visitor a member, and what becomes of them
//	segment/corpus           the conformance corpus: stories and what rules must say of them
//	content                  what editors published, and pages composed of it
//	experience/bucket        the assignment hash
//	experience               which variants replace which components, for whom
//	permutation              which keys of pages are asked for, and which of them caches may keep
//	decision                 which choice each slot gets, why, and its key
//	measure/stats            what counts allow to be said: intervals, power, mismatch, worth
//	measure                  who took part in what, and what they did then: counters
//	results                  what personalization does, by segment, and what to do about it
//	journey                  how visitors get to a goal: paths, patterns, attribution
//
// Flows: the product in a few functions.
//
//	feed                     who listens is told what has changed
//	ingest                   signals in: validate, correct, deduplicate, append
//	resolve                  answers out: remember, segment, decide, compose
//	lint                     what is doubtful about segments
//	backtest                 what segments would have been on the history there is
//	audit                    whether data can carry micro-segmentation, and what to mend
//
// Adapters: the world outside.
//
//	store/pebblestore        visitor.Store on embedded Pebble
//	contentful               client of Contentful's APIs
//	contentful/signature     how Contentful signs requests
//	contentful/webhook       the webhooks of a space: verify, recognise, hand on
//	contentful/export        a live space, written to a file
//	contentful/provision     what Segue needs in a space: its model, a webhook, audiences
//	contentful/space         exports and the nt_* content model, in the words above
//	contentful/mirror        a live space, copied and kept fresh
//	purge                    caches told to drop what has changed
//	archive                  every signal in Parquet files, for questions asked outside
//	deadletter               what was rejected, kept in a file to be mended
//	telemetry                metrics and logs
//	conformance              the corpus, asked of an implementation over HTTP
//	httpapi                  listeners, limits, probes; with its dialects the only user of echo
//	httpapi/reply            how all dialects read bodies and answer errors
//	httpapi/intake           what all dialects that take signals share
//	httpapi/openapitest      wire types held to the description, for the tests of dialects
//	httpapi/segmentio        Segment-compatible ingest
//	httpapi/cloudevents      ingest of CloudEvents
//	httpapi/ga4              ingest of the Measurement Protocol of Google Analytics
//	httpapi/native           resolve, pages, explain
//	httpapi/caller           who calls: the visitor of cookies, prefetches, bots
//	httpapi/snapshot         what is known of a visitor, signed, in a cookie
//	httpapi/edge             what proxies and CDNs ask before they serve
//	httpapi/geo              where a request comes from
//	httpapi/ninetailed       the APIs of Contentful Personalization
//	httpapi/ofrep            flags for OpenFeature's providers
//	httpapi/webhooks         what a CMS tells
//	httpapi/admin            backtests, journeys and lists, for operators
//
// The stand-in for Contentful: a program of its own, in parts.
//
//	contentful/emulator/wire      how all of it answers
//	contentful/emulator/store     what it remembers, in Contentful's states
//	contentful/emulator/query     the parameters by which it is asked
//	contentful/emulator/delivery  what it is read by: delivery, preview and Sync
//	contentful/emulator/webhook   whom it tells what was done
//	contentful/emulator/cma       what it is written by: management and upload
//	contentful/emulator/faults    what goes wrong when asked to
//	contentful/emulator/host      the page that embeds apps, as the web app does
//	contentful/emulator           the parts put together and served
//	contentful/emulator/emulatortest  started for a test
//
// Assembly.
//
//	app                      the parts put together and run
//	cli                      the commands
//	testkit                  Segue as a process of its own, for tests
//	archtest                 the test of this map
package internal
