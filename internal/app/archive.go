package app

import (
	"cmp"
	"context"
	"log/slog"
	"os"
	"regexp"
	"strings"

	"github.com/segue-dev/segue/config"
	"github.com/segue-dev/segue/internal/archive"
	"github.com/segue-dev/segue/internal/ingest"
	"github.com/segue-dev/segue/internal/telemetry"
)

// A keeper keeps every signal outside the store.
type keeper interface {
	ingest.Archive
	Run(ctx context.Context) error
	Close() error
}

// openArchive opens the archive that cfg names. The caller closes it when no more
// signals come.
func openArchive(cfg config.Config, log *slog.Logger, metrics *telemetry.Metrics) (keeper, error) {
	if cfg.Archive.To == "" {
		return noArchive{}, nil
	}
	target, err := archiveTarget(cfg.Archive)
	if err != nil {
		return nil, err
	}
	host, _ := os.Hostname() // a nameless host is one too
	node := notInNames.ReplaceAllString(cmp.Or(cfg.Archive.Node, host, "segue"), "-")
	return archive.Open(archive.Options{Spool: cfg.Archive.Spool, Target: target, Node: node, Log: log, Observer: metrics})
}

// notInNames is what the name of a file had better not have.
var notInNames = regexp.MustCompile("[^A-Za-z0-9.-]+")

func archiveTarget(a config.Archive) (archive.Target, error) {
	if scheme, dir := config.Scheme(a.To); scheme == "file" {
		return archive.Directory(dir), nil
	}
	endpoint, plain := strings.CutPrefix(a.Endpoint, "http://")
	return archive.NewBucket(archive.S3{
		Endpoint: strings.TrimPrefix(endpoint, "https://"), Plain: plain, Region: a.Region, Bucket: a.Bucket(), Prefix: a.Prefix(),
		AccessKey: a.AccessKey, SecretKey: a.SecretKey.Reveal(),
	})
}

// noArchive keeps nothing.
type noArchive struct{}

func (noArchive) Keep(ingest.Arrival) {}
func (noArchive) Close() error        { return nil }

func (noArchive) Run(ctx context.Context) error {
	<-ctx.Done()
	return nil
}
