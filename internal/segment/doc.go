// Package segment says which segments a visitor is in, until when, and why.
//
// The rule it upholds: membership is a pure function of a visitor's record, the
// rules, the request's context and an instant. Nothing else counts, and of the
// record only what existed at that instant.
//
// A Set is compiled from definitions. Bind prepares a record for it: whatever
// depends on neither time nor request is decided once, so that evaluating a Log
// is a few binary searches for each condition. There is one evaluator, for live
// answers, explanations, examples and backtests alike.
//
// # Truth and validity
//
// Conditions are true, false or unknown (Kleene's logic); a visitor is a member
// only if the whole rule is true. A reference to another segment has the truth
// of that segment's rule, unknown included.
//
// Every condition also says until when its truth surely stays as it is by
// itself. Result.ValidUntil is found by evaluating again at these instants, the
// earliest first, until some membership differs: it is neither early nor late.
//
// A segment with a purpose is unknown while the visitor denies it: when the
// request, or else their latest signal that says something, has false at
// consent.categoryPreferences.PURPOSE of its context.
//
// # Signals
//
// Event names are compared as by signal.NormalizeEvent, so that the two names
// which Segment and Google Analytics have for an event of e-commerce are one, and
// the names in page:NAME and screen:NAME as by signal.Normalize. Signals that came too late (signal.TooLate) do not
// count for anything here.
//
// "*" is any activity: every signal of whatever type, except the heartbeat of a
// hidden tab. A heartbeat is the track event "Heartbeat" with the properties
// visible and active (both true unless they say false), interval (the seconds
// since the beat before; 15 if it is missing) and view (the id of its page
// view). A page view's id is the message id of its page signal, or that
// signal's property view. A heartbeat or scroll that names a view belongs to
// that view or to none; any other signal belongs to the latest page view of its
// device.
//
// # Properties
//
// p, properties.p and traits.p are one property; the message's context is below
// "context.". A page or screen signal without the property name has its name
// for it. A page signal without path, url, referrer, title or search has that
// of context.page. The properties query.NAME and utm_* are read from the
// campaign or the query string of the page if they are nowhere else.
//
// A property with several values passes a test when one value does; ne, nin,
// ncontains and exists: false ask all values. A missing property fails every
// test but exists: false, ne, nin and ncontains. Greater and less compare
// numbers, or dates if the constant is a date; what is neither fails.
//
// # Windows
//
// last: D holds what is less than D old, so a signal leaves at exactly its time
// plus D. Calendar windows are local days from the first instant at which the
// clock shows their date until that of the next, in the zone of the definition
// or else of the project. A visitor without a session
// has nothing in session: current; session: any asks for one session that
// satisfies the whole condition, and without any session is false.
//
// regular counts the calendar days or weeks with a signal, the current one
// included.
//
// # Sessions
//
// A session is a run of activity of one device with pauses shorter than
// Options.SessionGap. The current session is that of the visitor's latest
// activity, even if it has ended. Sessions are numbered over all devices in the
// order in which they begin; one that began with signals which have left the
// log has the number of the last of those. A visitor without activity is in
// session 0: returning: false holds, everything else about the session does
// not. A session without page view fails entry and referrer. returnedWithin
// asks whether some earlier session, of whichever device, had ended before the
// current one began, and at most so long before.
//
// # Sequences
//
// A sequence holds when there are signals for its steps, whichever other
// signals could also be taken for them. What a step says of the step before is
// about the signal taken for that: within, after, without, directly, same and
// strictTime. A step to be taken several times has these from the step before
// to its first signal; same and strictTime also between its own signals. A
// value is the same when the two signals share one; a missing property is never
// the same. first takes the earliest signal of the record that matches, and no
// other; if that has left the log, nothing. times counts matches from left to
// right over the whole record, each ending as early as it can and none
// beginning before the one before has ended; those that end in the window
// count. With allWithin, matches that lie in the window as a whole are counted
// in the same way. In a window of sessions allWithin asks for one session.
//
// # Absence
//
// still: among the A in the window, the latest (since: last) or the first that
// no B follows (since: first) must be at least D old, and no B may follow it. A
// signal does not follow itself. once: some A in the window must be more than D
// old without a B after it, in the order of signals, that came at most D later.
//
// # Figures
//
// distinct tells 1,000 values apart; a greater number reads as 1,001 and the
// Result says Saturated. An aggregate without any value is false. Sums are in
// the order of signals; text that spells a number is a number. mode is the most
// frequent value, of several the one that was seen last; a signal with several
// values counts for each.
//
// A heartbeat that is visible and active vouches for the time since the beat
// before it, or since its page view began, but for at most one and a half
// intervals and 30 minutes. Dwell is the longest such time on a matching page
// view in the window: unknown if there are such page views and none has
// heartbeats, false if there is no such page view. Scroll is the greatest depth
// (properties percent or depth of the track events "Scroll" and "Scroll Depth",
// scroll of heartbeats), 0 for a page view that was not scrolled, and false if
// there is no such page view.
//
// A score is the sum of a weight for each signal that halves every half-life,
// 0 without signals. A signal counts for every term that it matches.
//
// An affinity is a score in which a view of an entry counts 1 if the entry has
// the topic, or a concept that is narrower. Views are page, screen and component
// signals and the track event "Entry Viewed"; the entry is their property entry,
// entryId, entry_id or componentId.
//
// # Lists
//
// list holds for a visitor whose record has the id, or whose latest user id is
// it. It asks the list as it is now, also about the past.
//
// # Staying
//
// Who satisfies when is a member. With stay, who was a member just before and
// satisfies stay is one too; with hold, who began to be one, for either reason,
// less than hold ago. Nobody is a member before the first signal of the record.
// What the request says is taken to have been so all the time. Consent is asked
// of the instant: who denies the purpose is not held.
//
// # Traits and context
//
// A trait is as the latest identify signal with it says, or, if that has left
// the log, as the record's summary says. An attribute of the context is looked
// up in the request and then in the signals of the current session, the latest
// first, under all its names. An absent trait or attribute is unknown to every
// test but exists. The continent can be told from the country; a language is
// equal to itself with and without its region; hour and weekday are those of
// the instant, in the project's zone.
//
// # Records with a past
//
// Signals that have left a record's log live on in its totals. count, recency,
// never and absence without where, over a window that reaches back for ever,
// take these into account. Any other condition that looks back to what has left
// the log makes the Result say Truncated, unless none of it can matter.
package segment
