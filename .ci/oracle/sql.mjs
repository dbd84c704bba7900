// What a segment rule asks, said in ClickHouse's SQL.
//
// sqlOf(question) returns a query with the columns ask and answer and one row
// for each ask of the question. The answer is a number or text if the rule
// compares it with "?" (null if there is no such figure) and otherwise 1 or 0.
//
// Tables: signals (log, n, t, event, device, p, v): n is a signal's place in the
// order of its log, from 1, and t its time in ms; a page view's event is
// "page:NAME"; p is text and v a number, or null. asks (question, log, ask, at):
// an instant at which a log is looked at.
//
// Where ClickHouse has a function of its own for what is asked, that is taken:
// windowFunnel, sequenceMatch, sequenceCount, toStartOfWeek. It means something
// else in these cases, which are not put to it:
//   - Signals of one millisecond: windowFunnel takes them in the order of the
//     steps, sequenceMatch in any; the rules take them in the order sent. About
//     such logs sequences are said as joins over n.
//   - windowFunnel without 'strict_once' lets one signal serve two steps.
//   - sequenceMatch and sequenceCount take one condition on time between two
//     steps, so a step with both within and after is said as a join; how often
//     such a sequence came is not asked.
//   - uniqExact compares text: "1" and "1.0" are two. Values here are spelled in
//     one way.
//   - toDate is the date that the clock shows: where clocks are put back over
//     midnight a date comes twice. The rules let each day begin once. The places
//     asked about have no such night in the time asked about.

const gap = 30 * 60_000; // ms that end a session
const units = { w: 604_800_000, d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000 };

const ms = (duration) =>
  [...duration.matchAll(/(\d+)([wdhms])/g)].reduce((sum, [, n, unit]) => sum + n * units[unit], 0);

const text = (s) => `'${s.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
const literal = (x) => (typeof x === "string" ? text(x) : String(x));
const list = (x) => (Array.isArray(x) ? x : [x]);
const and = (...parts) => parts.flat().filter(Boolean).join(" AND ") || "1";

export function sqlOf({ id, rule, zone = "UTC", weekStart = "Monday", ties = false }) {
  const [[operator, what]] = Object.entries(rule);
  const say = operators[operator];
  if (!say) throw new Error(`no SQL for ${operator}`);
  return say(new Question(id, zone, weekStart, ties), what);
}

// A Question knows what the parts of a query need: which asks it is about, where
// the calendar is read, and whether signals may have one time.
class Question {
  constructor(id, zone, weekStart, ties) {
    Object.assign(this, { id, zone, weekStart, ties });
  }

  // The signals that each ask sees. An ask that sees none has one row, whose
  // event is ''.
  get seen() {
    return `
      seen AS (
        SELECT a.ask AS ask, a.at AS at, s.*
        FROM (SELECT * FROM asks WHERE question = ${this.id}) AS a
        LEFT JOIN signals AS s ON s.log = a.log AND s.t <= a.at)`;
  }

  // The same with sessions: "start" is the place of the first signal of a
  // signal's session, which names the session, and "current" that of the
  // session of the latest signal.
  get inSessions() {
    return `${this.seen},
      cuts AS (
        SELECT *, row_number() OVER of_device = 1 OR t - lagInFrame(t) OVER of_device >= ${gap} AS cut
        FROM seen
        WINDOW of_device AS (PARTITION BY ask, device ORDER BY n ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)),
      numbered AS (
        SELECT *, sum(cut) OVER (PARTITION BY ask, device ORDER BY n ROWS UNBOUNDED PRECEDING) AS nth
        FROM cuts),
      named AS (
        SELECT *, min(n) OVER (PARTITION BY ask, device, nth) AS start
        FROM numbered),
      sessions AS (
        SELECT *, argMax(start, n) OVER (PARTITION BY ask) AS current
        FROM named)`;
  }

  // One answer for each ask, an aggregate over what it sees.
  aggregate(expression, from = "seen", steps = from === "seen" ? this.seen : this.inSessions) {
    return `WITH ${steps}
      SELECT ask, ${expression} AS answer FROM ${from} GROUP BY ask, at`;
  }

  // The asks for which a subquery has rows are answered 1, the others 0.
  exists(steps, subquery) {
    return `WITH ${steps}
      SELECT ask, ask IN (${subquery}) AS answer FROM asks WHERE question = ${this.id}`;
  }

  clock(t) {
    return `fromUnixTimestamp64Milli(${t}, ${text(this.zone)})`;
  }

  // Whether a row e lies in a window.
  within(w, e = "") {
    const t = `${e}t`;
    const at = `${e}at`;
    const daysAgo = `toDate(${this.clock(at)}) - toDate(${this.clock(t)})`;
    const week = (x) => `toStartOfWeek(${this.clock(x)}, ${this.weekStart === "Monday" ? 1 : 0})`;
    if (w.last) return `${t} > ${at} - ${ms(w.last)}`; // (T-D, T]
    if (w.between) {
      const [young, old] = w.between.map(ms);
      return `${t} > ${at} - ${old} AND ${t} <= ${at} - ${young}`; // (T-D2, T-D1]
    }
    if (w.today) return `${daysAgo} = 0`;
    if (w.lastDays) return `${daysAgo} < ${w.lastDays}`;
    if (w.previousDays) return `${daysAgo} BETWEEN 1 AND ${w.previousDays}`;
    if (w.week) return `${week(t)} = ${week(at)}`;
    if (w.session === "current") return `${e}start = ${e}current`;
    return "";
  }
}

// Whether a row is a signal of the events and passes the predicate.
function matches({ of, where = {} }, e = "") {
  const kind = (event) => {
    if (event === "*") return `${e}event != ''`;
    if (event === "page") return `startsWith(${e}event, 'page:')`;
    return `${e}event = ${text(event)}`;
  };
  const tests = Object.entries(where).map(([property, test]) => passes(e + property, test));
  return and(`(${list(of).map(kind).join(" OR ")})`, tests);
}

const comparisons = { eq: "=", ne: "!=", gt: ">", gte: ">=", lt: "<", lte: "<=" };

// A missing property passes no test but ne.
function passes(column, test) {
  if (Array.isArray(test)) return `ifNull(${column} IN (${test.map(literal)}), 0)`;
  if (typeof test !== "object") return `ifNull(${column} = ${literal(test)}, 0)`;
  return and(
    Object.entries(test).map(
      ([op, limit]) => `ifNull(${column} ${comparisons[op]} ${literal(limit)}, ${op === "ne" ? 1 : 0})`,
    ),
  );
}

// A figure itself if the rule asks for it, else what its comparisons say. A
// figure that there is not passes none.
function compared(figure, cmps) {
  const given = Object.entries(cmps).filter(([op]) => comparisons[op]);
  if (given.some(([, limit]) => limit === "?")) return figure;
  return and(given.map(([op, limit]) => `ifNull(${figure} ${comparisons[op]} ${literal(limit)}, 0)`));
}

const operators = {
  count(q, c) {
    const which = and(matches(c), q.within(c));
    const figure = c.distinct ? `uniqExactIf(${c.distinct}, ${which} AND ${c.distinct} IS NOT NULL)` : `countIf(${which})`;
    return figureIn(q, c, figure);
  },

  sum: valuesOf((which, x) => `sumOrNullIf(${x}, ${which})`),
  avg: valuesOf((which, x) => `avgOrNullIf(${x}, ${which})`),
  min: valuesOf((which, x) => `minOrNullIf(${x}, ${which})`),
  max: valuesOf((which, x) => `maxOrNullIf(${x}, ${which})`),
  first: valuesOf((which, x) => `argMinOrNullIf(${x}, n, ${which})`),
  latest: valuesOf((which, x) => `argMaxOrNullIf(${x}, n, ${which})`),

  recency(q, r) {
    const since = `at - maxOrNullIf(t, ${matches(r)})`;
    return q.aggregate(`ifNull(${since} ${r.atLeast ? ">=" : "<="} ${ms(r.atLeast ?? r.atMost)}, 0)`);
  },

  never: (q, r) => q.aggregate(`countIf(${matches(r)}) = 0`),

  absence(q, a) {
    const of = and(matches(a), q.within(a));
    const without = matches(typeof a.without === "object" && a.without.of ? a.without : { of: a.without });
    return a.mode === "once" ? lapse(q, of, without, ms(a.for)) : silence(q, of, without, a.since, ms(a.for));
  },

  session(q, { number, pages, duration, returning, returnedWithin }) {
    const one = q.aggregate.bind(q);
    const begun = "uniqExactIf(start, event != '' AND start <= current)";
    const length = "maxIf(t, start = current) - minIf(t, start = current)";
    const active = (figure) => `if(max(event) = '', NULL, ${figure})`;
    if (number) return one(compared(begun, number), "sessions");
    if (pages) return one(compared(active("countIf(startsWith(event, 'page:') AND start = current)"), pages), "sessions");
    if (duration) {
      const [[op, limit]] = Object.entries(duration);
      return one(compared(active(length), { [op]: ms(limit) }), "sessions");
    }
    if (returning !== undefined) return one(`(${begun} > 1) = ${returning}`, "sessions");
    return returned(q, ms(returnedWithin));
  },

  sequence(q, s) {
    if (s.times) return howOften(q, s);
    if (q.ties) return path(q, s);
    if (s.span && asksOnly(s, "span")) return funnel(q, s);
    if (asksOnly(s, "allWithin", "within") || asksOnly(s, "allWithin", "after")) return inOrder(q, s);
    return inOneStream(s) ? adjacent(q, s) : path(q, s);
  },
};

// An aggregate over the values of a property.
function valuesOf(aggregate) {
  return (q, c) => figureIn(q, c, aggregate(and(matches(c), `${c.property} IS NOT NULL`, q.within(c)), c.property));
}

// A figure over a window of time, of the current session, or of each session, of
// which one must pass.
function figureIn(q, c, figure) {
  if (c.session !== "any") return q.aggregate(compared(figure, c), c.session ? "sessions" : "seen");
  return q.exists(q.inSessions, `
    SELECT ask FROM sessions WHERE event != '' GROUP BY ask, at, start HAVING ${compared(figure, c)}`);
}

// Still absent: the A that is timed is not before the latest B (a signal that is
// both A and B does not follow itself), and old enough.
function silence(q, of, without, since, d) {
  const anchor = since === "first" ? "min" : "max";
  const steps = `${q.inSessions},
    answered AS (SELECT *, maxIf(n, ${without}) OVER (PARTITION BY ask) AS latest_b FROM sessions)`;
  return q.aggregate(`ifNull(at - ${anchor}OrNullIf(t, ${of} AND n >= latest_b) >= ${d}, 0)`, "answered", steps);
}

// Absent once: some A, now more than d old, had no B after it in d.
function lapse(q, of, without, d) {
  const all = (which) => `groupArrayIf((n, t)::Tuple(n UInt32, t Int64), ${which})`;
  const answered = `arrayExists(b -> b.n > a.n AND b.t <= a.t + ${d}, ${all(without)})`;
  return q.aggregate(`arrayExists(a -> at > a.t + ${d} AND NOT ${answered}, ${all(of)})`, "sessions");
}

// Some other session ended before the current one began, at most d earlier.
function returned(q, d) {
  const steps = `${q.inSessions},
    visits AS (SELECT ask, at, start, current, min(t) AS begin, max(t) AS end FROM sessions GROUP BY ask, at, start, current)`;
  return q.exists(steps, `
    SELECT now.ask FROM visits AS now JOIN visits AS before ON before.ask = now.ask
    WHERE now.start = now.current AND before.start != now.start AND now.begin - before.end BETWEEN 1 AND ${d}`);
}

// Whether a sequence asks nothing but these keys, besides events.
function asksOnly(s, ...keys) {
  const ofSteps = s.steps.flatMap(({ of, where, ...rest }) => Object.keys(rest));
  return [...Object.keys(s), ...ofSteps].every((k) => k === "steps" || keys.includes(k));
}

// Whether all steps of a sequence are directly one after the other in the same
// stream, of which they are themselves.
function inOneStream(s) {
  const [, ...later] = s.steps;
  const streams = new Set(later.map((step) => String(step.directly)));
  if (!asksOnly(s, "directly") || streams.size > 1) return false;
  const stream = list(later[0].directly);
  return stream.includes("*") || s.steps.every((step) => list(step.of).every((event) => stream.includes(event)));
}

// The tests of the steps, in the sequence's window if all must lie in it.
function conditions(q, s) {
  return s.steps.map((step) => and(matches(step), s.allWithin && q.within(s.allWithin)));
}

// The rows in which these tests can be made.
const rowsFor = (s) => (s.allWithin?.session ? "sessions" : "seen");

// Steps in order within a span, each signal for one step.
function funnel(q, s) {
  return q.aggregate(`windowFunnel(${ms(s.span)}, 'strict_once')(toUInt64(t), ${conditions(q, s)}) = ${s.steps.length}`);
}

// Steps in order with a limit on some gaps, as a pattern.
function pattern(s) {
  const parts = s.steps.map((step, i) => {
    if (i === 0) return "(?1)";
    if (step.within) return `(?t<=${ms(step.within)})(?${i + 1})`;
    if (step.after) return `(?t>=${ms(step.after)})(?${i + 1})`;
    return `.*(?${i + 1})`;
  });
  return parts.join("");
}

function inOrder(q, s) {
  return q.aggregate(`sequenceMatch('${pattern(s)}')(toUInt64(t), ${conditions(q, s)})`, rowsFor(s));
}

// How often steps came in order, one match after the other.
function howOften(q, s) {
  const count = `sequenceCount('${pattern(s)}')(toUInt64(t), ${conditions(q, s)})`;
  return q.aggregate(compared(count, s.times), rowsFor(s));
}

// Steps one directly after the other in a stream: what is no condition of
// sequenceMatch does not exist for it, so the stream is made one. The events of
// the steps are in the stream.
function adjacent(q, s) {
  const steps = s.steps.map((_, i) => `(?${i + 1})`).join("");
  return q.aggregate(
    `sequenceMatch('${steps}')(toUInt64(t), ${conditions(q, s)}, ${matches({ of: s.steps[1].directly })})`,
  );
}

// Any other sequence: a join of the signals with themselves, one for each step.
function path(q, s) {
  const steps = s.steps.flatMap(repeated);
  const has = (key) => steps.flatMap((step, i) => (step[key] ? [[step, i]] : []));
  const columns = [
    // What without and directly ask: how many such signals came before this one,
    // and how many with it.
    ...has("barrier").flatMap(([step, i]) => [
      `countIf(${step.barrier}) OVER before AS before${i}`,
      `countIf(${step.barrier}) OVER upto AS upto${i}`,
    ]),
    ...has("first").map(([step, i]) => `minIf(n, ${matches(step)}) OVER (PARTITION BY ask) AS first${i}`),
    "maxIf(n, startsWith(event, 'page:')) OVER (PARTITION BY ask, device ORDER BY n ROWS UNBOUNDED PRECEDING) AS page",
    `toDate(${q.clock("t")}) AS day`,
  ];
  const rows = `${q.inSessions},
    marked AS (
      SELECT *, ${columns.join(",\n        ")}
      FROM sessions
      WINDOW before AS (PARTITION BY ask ORDER BY n ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING),
             upto AS (PARTITION BY ask ORDER BY n ROWS UNBOUNDED PRECEDING))`;
  const last = `e${steps.length - 1}.`;
  const joins = steps.map((_, i) => (i ? `JOIN marked AS e${i} ON e${i}.ask = e0.ask` : "marked AS e0"));
  return q.exists(rows, `
    SELECT e0.ask FROM ${joins.join(" ")}
    WHERE ${and(
      steps.map((step, i) => follows(step, i)),
      steps.map((_, i) => i > 0 && scopes[s.in]?.(`e${i}.`)),
      s.span && `${last}t - e0.t <= ${ms(s.span)}`,
      s.completed && q.within(s.completed, last),
      s.allWithin && steps.map((_, i) => q.within(s.allWithin, `e${i}.`)),
    )}`);
}

const scopes = {
  session: (e) => `${e}start = e0.start`,
  page: (e) => `${e}page = e0.page AND e0.page > 0`,
  day: (e) => `${e}day = e0.day`,
};

// A step of several signals is as many steps. The later ones follow their own
// kind, of which only same and strictTime are asked.
function repeated(step) {
  const { times = 1, ...once } = step;
  const { of, where, same, strictTime } = step;
  if (step.without) once.barrier = matches(step.without.of ? step.without : { of: step.without });
  if (step.directly) once.barrier = matches({ of: step.directly });
  return [once, ...Array(times - 1).fill({ of, where, same, strictTime })];
}

// What a step says of its signal and of the step before.
function follows(step, i) {
  const e = `e${i}.`;
  const before = `e${i - 1}.`;
  return and(
    matches(step, e),
    step.first && `${e}n = ${e}first${i}`,
    i > 0 && `${e}n > ${before}n`,
    step.strictTime && i > 0 && `${e}t > ${before}t`,
    step.within && `${e}t - ${before}t <= ${ms(step.within)}`,
    step.after && `${e}t - ${before}t >= ${ms(step.after)}`,
    step.barrier && `${e}before${i} = ${before}upto${i}`,
    step.same && i > 0 && list(step.same).map((p) => `ifNull(${e}${p} = ${before}${p}, 0)`),
  );
}
