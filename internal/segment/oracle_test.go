package segment_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/segment"
	"github.com/segue-dev/segue/internal/segment/syntax"
	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/visitor"
)

var (
	oracleDir   = flag.String("oracle", filepath.Join("testdata", "oracle"), "directory with the `cases` and ClickHouse's answers")
	oracleWrite = flag.String("oracle-write", "", "only write generated cases into this `directory`, for ClickHouse to answer")
	oracleTight = flag.Bool("oracle-tight", false, "add to the cases the instants at which we say that answers change, to be asked again")
	oracleLogs  = flag.Int("oracle-logs", 4000, "how many logs to generate")
	oracleSeed  = flag.Uint64("oracle-seed", 1, "what the generated cases begin with")
)

// TestOracle holds the evaluator to what ClickHouse answers about generated
// rules and logs. `make oracle` asks ClickHouse anew, and more than is kept
// here; .ci/oracle/sql.mjs has the rules in SQL.
func TestOracle(t *testing.T) {
	if *oracleWrite != "" {
		generateCases(*oracleSeed, *oracleLogs).write(t, *oracleWrite)
		return
	}
	cases, answers := readOracle(t, *oracleDir)
	j := judge{questions: cases.Questions, sets: map[verdict]*segment.Set{}, wrong: map[string][]difference{}}
	for i, log := range cases.Logs {
		rec := log.record()
		for k := range log.Asks {
			changes := j.compare(t, log, rec, log.Asks[k], answers[i][k])
			log.Asks[k].add(changes)
		}
	}
	require.NotZero(t, j.compared, "nothing was asked")
	t.Logf("%d answers about %d logs and %d rules", j.compared, len(cases.Logs), len(cases.Questions))
	if len(j.wrong) > 0 {
		t.Error(j.report())
	}
	if *oracleTight {
		cases.write(t, *oracleDir)
	}
}

// oracleCases are what is asked. A rule that compares with "?" asks for a
// figure, another for its truth.
type oracleCases struct {
	Questions []oracleQuestion `json:"questions"`
	Logs      []oracleLog      `json:"logs"`
}

type oracleQuestion struct {
	Rule      json.RawMessage `json:"rule"`
	Zone      string          `json:"zone,omitempty"`      // UTC if empty
	WeekStart string          `json:"weekStart,omitempty"` // Monday (if empty) or Sunday
	Ties      bool            `json:"ties,omitempty"`      // it is asked about logs with signals of one millisecond
}

// options are where the calendar is read.
func (q oracleQuestion) options() segment.Options {
	opts := segment.Options{Zone: zone(q.Zone), WeekStart: time.Monday}
	if q.WeekStart == "Sunday" {
		opts.WeekStart = time.Sunday
	}
	return opts
}

type oracleLog struct {
	Base    int64          `json:"base"` // ms since the epoch, from which its times count
	Signals []oracleSignal `json:"signals"`
	Asks    []oracleAsk    `json:"asks"`
}

// An oracleSignal is written as [t, event, device, p, v]. The event of a page
// view is page:NAME. The properties p and v may be missing.
type oracleSignal struct {
	t             int64
	event, device string
	p             *string
	v             *float64
}

func (s oracleSignal) MarshalJSON() ([]byte, error) {
	return json.Marshal([]any{s.t, s.event, s.device, s.p, s.v})
}

func (s *oracleSignal) UnmarshalJSON(b []byte) error {
	return json.Unmarshal(b, &[]any{&s.t, &s.event, &s.device, &s.p, &s.v})
}

// An oracleAsk is written as [question, [instant, …]], the instants ascending.
type oracleAsk struct {
	question int
	instants []int64
}

// add also asks just before and at instants.
func (a *oracleAsk) add(instants []int64) {
	for _, at := range instants {
		a.instants = append(a.instants, at-1, at)
	}
	slices.Sort(a.instants)
	a.instants = slices.Compact(a.instants)
}

func (a oracleAsk) MarshalJSON() ([]byte, error) {
	return json.Marshal([]any{a.question, a.instants})
}

func (a *oracleAsk) UnmarshalJSON(b []byte) error {
	return json.Unmarshal(b, &[]any{&a.question, &a.instants})
}

// readOracle returns the cases of a directory and, for each log, each of its
// asks and each instant, the answer.
func readOracle(t *testing.T, dir string) (cases oracleCases, answers [][][]json.RawMessage) {
	t.Helper()
	for name, into := range map[string]any{"cases.json": &cases, "answers.json": &answers} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(b, into), name)
	}
	require.Len(t, answers, len(cases.Logs), "the answers are to other cases")
	return cases, answers
}

// write writes cases.json with a line for each question and log.
func (c oracleCases) write(t *testing.T, dir string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(dir, 0o755))
	text := fmt.Sprintf("{\"questions\":[\n%s\n],\"logs\":[\n%s\n]}\n", jsonLines(t, c.Questions), jsonLines(t, c.Logs))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "cases.json"), []byte(text), 0o644))
}

func jsonLines[T any](t *testing.T, items []T) []byte {
	t.Helper()
	lines := make([][]byte, len(items))
	for i, item := range items {
		var err error
		lines[i], err = json.Marshal(item)
		require.NoError(t, err)
	}
	return bytes.Join(lines, []byte(",\n"))
}

// record returns the record of the log's signals, which were sent in their
// order.
func (l oracleLog) record() *visitor.Record {
	sigs := make([]signal.Signal, len(l.Signals))
	for i, o := range l.Signals {
		s := signal.Signal{ID: fmt.Sprintf("s%03d", i), At: l.Base + o.t, Pos: i, Device: o.device, Name: o.event}
		if page, ok := strings.CutPrefix(o.event, "page:"); ok {
			s.Type, s.Name = signal.Page, page
		}
		if o.p != nil {
			s.Props = append(s.Props, signal.Prop{Key: "p", Value: signal.TextOf(*o.p)})
		}
		if o.v != nil {
			s.Props = append(s.Props, signal.Prop{Key: "v", Value: signal.NumberOf(*o.v)})
		}
		sigs[i] = s
	}
	rec, _ := (&visitor.Record{ID: "v"}).With(visitor.Limits{}, sigs...)
	return rec
}

// A judge compares answers and keeps those that differ, by rule.
type judge struct {
	questions []oracleQuestion
	sets      map[verdict]*segment.Set
	compared  int
	wrong     map[string][]difference
}

// A verdict is an answer to a question.
type verdict struct {
	question int
	answer   string
}

// compare evaluates what an ask is about at each of its instants. It returns
// the instants, after the last signal, at which we say that the answer changes.
func (j *judge) compare(t *testing.T, log oracleLog, rec *visitor.Record, ask oracleAsk, answers []json.RawMessage) (changes []int64) {
	t.Helper()
	require.Len(t, answers, len(ask.instants), "the answers are to other cases")
	bound := map[verdict]*segment.Log{}
	var res segment.Result
	for i, at := range ask.instants {
		v := verdict{ask.question, string(answers[i])}
		if bound[v] == nil {
			bound[v] = j.set(t, v).Bind(rec)
		}
		bound[v].Evaluate(nil, log.Base+at, &res)
		j.compared++
		d := difference{log: log, ask: ask, at: at, verdict: v, member: len(res.Members) == 1, until: segment.Forever}
		if res.ValidUntil != segment.Forever {
			d.until = res.ValidUntil - log.Base
		}
		settled := at >= log.Signals[len(log.Signals)-1].t
		if d.member != j.member(v) || settled && !inTime(ask, answers, i, d.until) {
			j.differs(d)
		}
		if settled && d.until != segment.Forever {
			changes = append(changes, d.until)
		}
	}
	return changes
}

// inTime reports whether the answer at instant i, after the last signal, was
// said to change no later than it does, and not at an instant at which it is
// still the same.
func inTime(ask oracleAsk, answers []json.RawMessage, i int, until int64) bool {
	for k := i + 1; k < len(answers); k++ {
		switch at := ask.instants[k]; {
		case !bytes.Equal(answers[k], answers[i]):
			return until <= at
		case until == at:
			return false
		}
	}
	return true
}

// asksFigure is how a rule asks for a figure.
const asksFigure = `"eq":"?"`

// member reports whether the visitor is a member by the rule of v's Set.
func (j *judge) member(v verdict) bool {
	if bytes.Contains(j.questions[v.question].Rule, []byte(asksFigure)) {
		return v.answer != "null"
	}
	return v.answer == "1"
}

// set returns the question's rule as a Set. If it asks for a figure, the figure
// is put in; if there is none, two that cannot both be false of a figure.
func (j *judge) set(t *testing.T, v verdict) *segment.Set {
	t.Helper()
	if s := j.sets[v]; s != nil {
		return s
	}
	q := j.questions[v.question]
	rule := strings.ReplaceAll(string(q.Rule), asksFigure, `"eq":`+v.answer)
	if v.answer == "null" {
		rule = fmt.Sprintf(`{"any":[%s,%s]}`,
			strings.ReplaceAll(string(q.Rule), asksFigure, `"eq":0`), strings.ReplaceAll(string(q.Rule), asksFigure, `"ne":0`))
	}
	cond, err := syntax.ParseJSON([]byte(rule), "rule")
	require.NoError(t, err, rule)
	j.sets[v], err = segment.Compile([]syntax.Definition{{Key: "x", When: cond}}, q.options())
	require.NoError(t, err, rule)
	return j.sets[v]
}

// A difference is an answer that is not ours, or one that does not change when
// we say.
type difference struct {
	log     oracleLog
	ask     oracleAsk
	at      int64
	verdict verdict
	member  bool  // as we say, by the rule with the verdict's answer
	until   int64 // as we say, from the log's base
}

func (j *judge) differs(d difference) {
	rule := string(j.questions[d.verdict.question].Rule)
	j.wrong[rule] = append(j.wrong[rule], d)
}

// report shows for each of some rules the difference with the fewest signals.
func (j *judge) report() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d of %d rules differ\n", len(j.wrong), len(j.questions))
	rules := slices.SortedFunc(maps.Keys(j.wrong), func(a, b string) int { return len(a) - len(b) })
	for _, rule := range rules[:min(len(rules), 12)] {
		all := j.wrong[rule]
		d := slices.MinFunc(all, func(a, b difference) int { return len(a.seen()) - len(b.seen()) })
		q := j.questions[d.verdict.question]
		fmt.Fprintf(&b, "\n%s %s %s: %d differences, such as\n", rule, q.Zone, q.WeekStart, len(all))
		for _, s := range d.seen() {
			line, _ := json.Marshal(s)
			fmt.Fprintf(&b, "  %s\n", line)
		}
		fmt.Fprintf(&b, "  base %d, at %d: ClickHouse says %s", d.log.Base, d.at, d.verdict.answer)
		if d.member == j.member(d.verdict) {
			fmt.Fprintf(&b, ", we too, but until %d; asked at %v", d.until, d.ask.instants)
		}
		b.WriteString("\n")
	}
	return b.String()
}

// seen returns the signals that had happened.
func (d difference) seen() []oracleSignal {
	n := 0
	for n < len(d.log.Signals) && d.log.Signals[n].t <= d.at {
		n++
	}
	return d.log.Signals[:n]
}
