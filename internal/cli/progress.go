package cli

import (
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// patience is how long a command may take before a bar is shown.
const patience = time.Second

// A progress shows how far a command is, on a terminal only and without
// colours.
type progress struct {
	bar   *progressbar.ProgressBar // nil: nothing is shown
	shown time.Time                // from when on
	total int
}

// progress returns a bar for so many things; -1 = nobody knows how many.
func (e Env) progress(what string, total int64) *progress {
	p := &progress{shown: time.Now().Add(patience)}
	if isTerminal(e.Stderr) {
		p.bar = progressbar.NewOptions64(total,
			progressbar.OptionSetWriter(e.Stderr),
			progressbar.OptionSetDescription(what),
			progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionShowCount(),
			progressbar.OptionClearOnFinish(),
		)
	}
	return p
}

// add says that n more are done.
func (p *progress) add(n int) {
	p.total += n
	p.set(int64(p.total))
}

// set says how many are done.
func (p *progress) set(done int64) {
	if p.bar != nil && time.Now().After(p.shown) {
		_ = p.bar.Set64(done) // it is only for show
	}
}

func (p *progress) finish() {
	if p.bar != nil && time.Now().After(p.shown) {
		_ = p.bar.Finish()
	}
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// phases shows how far each phase of a command is, one bar after the other.
type phases struct {
	env  Env
	name string
	bar  *progress
}

// tell says how many of a total are done in a phase; -1 = nobody knows the total.
func (p *phases) tell(phase string, done, total int64) {
	if p.bar == nil || p.name != phase {
		p.finish()
		p.name, p.bar = phase, p.env.progress(phase, total)
	}
	p.bar.set(done)
}

func (p *phases) finish() {
	if p.bar != nil {
		p.bar.finish()
	}
}
