package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/segue-dev/segue/internal/ingest"
	"github.com/segue-dev/segue/internal/segment/syntax"
)

// Segments reads the segments of a file, or of all *.yaml and *.yml files in
// and below a directory, in order of path. "" gives none. The error holds every
// mistake of every file.
func Segments(path string) ([]syntax.Definition, error) {
	files, err := yamlFiles("segments", path)
	if err != nil {
		return nil, err
	}
	var all []syntax.Definition
	var errs []error
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			errs = append(errs, fmt.Errorf("segments: %w", err))
			continue
		}
		defs, err := syntax.Parse(file, src)
		all, errs = append(all, defs...), append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return all, nil
}

// Mapping reads the file that says how rows of a data file become signals.
func Mapping(path string) (ingest.Mapping, error) {
	var m ingest.Mapping
	src, err := os.ReadFile(path)
	if err != nil {
		return m, fmt.Errorf("mapping: %w", err)
	}
	docs, err := documents(path, src)
	if err != nil {
		return m, err
	}
	if len(docs) != 1 {
		return m, fmt.Errorf("%s: a mapping is one document, not %d", path, len(docs))
	}
	if err := decode(path, docs[0], &m); err != nil {
		return m, err
	}
	if err := m.Check(); err != nil {
		return m, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}

// yamlFiles returns path itself if it is a file, and all YAML files in and
// below it, sorted, if it is a directory. Hidden ones are left out.
func yamlFiles(key, path string) ([]string, error) {
	if path == "" {
		return nil, nil
	}
	var files []string
	err := filepath.WalkDir(path, func(p string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case p != path && entry.Name()[0] == '.':
			if entry.IsDir() {
				return filepath.SkipDir
			}
		case !entry.IsDir() && (p == path || isYAML(p)):
			files = append(files, p)
		}
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %s does not exist (%s: \"\" means none)", key, path, key)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", key, err)
	}
	slices.Sort(files)
	return files, nil
}

func isYAML(path string) bool {
	ext := filepath.Ext(path)
	return ext == ".yaml" || ext == ".yml"
}

// Files returns the files from which segments, experiences, metrics and content
// are read.
func (c Config) Files() ([]string, error) {
	segments, segmentsErr := yamlFiles("segments", c.Segments)
	experiences, experiencesErr := yamlFiles("experiences", c.Experiences)
	files := slices.Concat(segments, experiences)
	if c.Metrics != "" {
		files = append(files, c.Metrics)
	}
	if scheme, file := Scheme(c.Content); scheme == "export" {
		files = append(files, file)
	}
	return files, errors.Join(segmentsErr, experiencesErr)
}
