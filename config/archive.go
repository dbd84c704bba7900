package config

import (
	"errors"
	"fmt"
	"strings"
)

// Archive says where signals are kept in Parquet files.
type Archive struct {
	To        string // file:DIRECTORY or s3://BUCKET/PREFIX; "" = nowhere
	Spool     string // directory for what is not there yet
	Node      string // names this process among those that write to the same place; "" = the host's name
	Endpoint  string // of the storage: host or host:port, https:// or http:// before it
	Region    string
	AccessKey string
	SecretKey Secret
}

func (a Archive) check() error {
	var errs []error
	switch scheme, rest := Scheme(a.To); {
	case a.To == "", scheme == "file" && rest != "":
	case scheme == "s3" && a.Bucket() != "":
	default:
		errs = append(errs, fmt.Errorf("archive.to: %q is neither file:DIRECTORY nor s3://BUCKET/PREFIX (\"\" = no archive)", a.To))
	}
	if a.To != "" && a.Spool == "" {
		errs = append(errs, errors.New("archive.spool: missing: name a directory for what is not in the archive yet"))
	}
	if (a.AccessKey == "") != (a.SecretKey == "") {
		errs = append(errs, errors.New("archive.accessKey and archive.secretKey: give both, or neither to take them from the environment or the machine's role"))
	}
	return errors.Join(errs...)
}

// Bucket returns that of To; "" if it is no storage.
func (a Archive) Bucket() string {
	rest, ok := strings.CutPrefix(a.To, "s3://")
	if !ok {
		return ""
	}
	bucket, _, _ := strings.Cut(rest, "/")
	return bucket
}

// Prefix returns what the names in the bucket begin with.
func (a Archive) Prefix() string {
	_, prefix, _ := strings.Cut(strings.TrimPrefix(a.To, "s3://"), "/")
	return prefix
}
