package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// A Directory is a Target on a file system.
type Directory string

// Put implements Target: the file gets its name when the disk has it.
func (d Directory) Put(_ context.Context, name, from string) error {
	to := filepath.Join(string(d), filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(to), 0o750); err != nil {
		return fmt.Errorf("archive: %w", err)
	}
	in, err := os.Open(from)
	if err != nil {
		return fmt.Errorf("archive: %w", err)
	}
	defer func() { _ = in.Close() }() // it was only read
	temp, err := os.CreateTemp(filepath.Dir(to), ".part-*")
	if err != nil {
		return fmt.Errorf("archive: %w", err)
	}
	defer func() { _ = os.Remove(temp.Name()) }() // it has been renamed, or is of no use
	_, err = io.Copy(temp, in)
	if err = errors.Join(err, temp.Sync(), temp.Close()); err != nil {
		return fmt.Errorf("archive: %w", err)
	}
	if err := os.Rename(temp.Name(), to); err != nil {
		return fmt.Errorf("archive: %w", err)
	}
	return syncDirectory(filepath.Dir(to))
}

// syncDirectory makes a rename durable.
func syncDirectory(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// S3 says where an S3-compatible storage is. Without keys they come from the
// environment, a file or the machine's role, as usual.
type S3 struct {
	Endpoint             string // host, or host:port; "" = s3.amazonaws.com
	Plain                bool   // without TLS
	Region               string
	Bucket, Prefix       string
	AccessKey, SecretKey string
}

// A Bucket is a Target in an S3-compatible storage.
type Bucket struct {
	client *minio.Client
	where  S3
}

// NewBucket returns the target that s describes. It does not ask whether it is
// there.
func NewBucket(s S3) (*Bucket, error) {
	if s.Endpoint == "" {
		s.Endpoint = "s3.amazonaws.com"
	}
	creds := credentials.NewChainCredentials([]credentials.Provider{
		&credentials.EnvAWS{}, &credentials.FileAWSCredentials{}, &credentials.IAM{},
	})
	if s.AccessKey != "" {
		creds = credentials.NewStaticV4(s.AccessKey, s.SecretKey, "")
	}
	client, err := minio.New(s.Endpoint, &minio.Options{Creds: creds, Secure: !s.Plain, Region: s.Region})
	if err != nil {
		return nil, fmt.Errorf("archive: %s: %w", s.Endpoint, err)
	}
	return &Bucket{client, s}, nil
}

// Put implements Target: an object is there whole or not at all.
func (b *Bucket) Put(ctx context.Context, name, from string) error {
	name = path.Join(b.where.Prefix, name)
	if _, err := b.client.FPutObject(ctx, b.where.Bucket, name, from, minio.PutObjectOptions{DisableMultipart: false}); err != nil {
		return fmt.Errorf("archive: s3://%s/%s: %w", b.where.Bucket, name, err)
	}
	return nil
}
