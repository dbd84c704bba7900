package ingest

import (
	"fmt"
	"hash/maphash"
	"sync"
	"time"

	"github.com/segue-dev/segue/internal/signal"
)

// A replay is a Replay under way.
type replay struct {
	in      Accepter
	opts    ReplayOptions
	started time.Time
	shift   time.Duration // added to all times
	seed    maphash.Seed
	note    func(mark) error // notes how far all is durable; may be nil

	mu       sync.Mutex
	next     int                   // the batch that comes next into the report
	finished map[int]finishedBatch // durable ones that wait for one before them
	report   ReplayReport
	visitors map[uint64]struct{} // hashes of ids: a large recording has many
}

func newReplay(in Accepter, opts ReplayOptions) *replay {
	return &replay{
		in: in, opts: opts, started: opts.Now(), seed: maphash.MakeSeed(),
		finished: map[int]finishedBatch{}, visitors: map[uint64]struct{}{},
	}
}

// A finishedBatch is a part of a recording and what became of it.
type finishedBatch struct {
	messages []signal.Message
	lines    []int // of each message
	end      mark
	receipt  Receipt
}

// finish enters batch n into the report as soon as all before it are there, so
// that what is noted as durable has no gaps.
func (p *replay) finish(n int, b finishedBatch) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.finished[n] = b
	for {
		b, ok := p.finished[p.next]
		if !ok {
			return nil
		}
		delete(p.finished, p.next)
		p.next++
		p.enter(b)
		if p.note != nil {
			if err := p.note(b.end); err != nil {
				return err
			}
		}
	}
}

func (p *replay) enter(b finishedBatch) {
	r := &p.report
	r.Accepted += b.receipt.Accepted
	r.Duplicates += b.receipt.Duplicates
	r.Conflicting += b.receipt.Conflicting
	r.Rejected += len(b.receipt.Rejected)
	rejected := make(map[int]bool, len(b.receipt.Rejected))
	for _, rejection := range b.receipt.Rejected {
		rejected[rejection.Index] = true
		if len(r.Rejections) < shownRejections {
			place := fmt.Sprintf("%s:%d", p.opts.Name, b.lines[rejection.Index])
			r.Rejections = append(r.Rejections, ReplayRejection{place, rejection.Reason})
		}
	}
	for i, m := range b.messages {
		if !rejected[i] {
			p.visitors[maphash.String(p.seed, m.Visitor())] = struct{}{}
		}
	}
	if p.opts.Progress != nil {
		p.opts.Progress(ReplayProgress{b.end.Offset, r.Accepted, r.Duplicates + r.Conflicting, r.Rejected})
	}
}
