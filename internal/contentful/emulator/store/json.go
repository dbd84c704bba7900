package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
)

// Decode reads one JSON value with its numbers unaltered, as json.Number.
func Decode(data []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	if err := dec.Decode(into); err != nil {
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one JSON value")
	}
	return nil
}

// Number returns n as what is read from JSON has its numbers.
func Number(n int) json.Number { return json.Number(strconv.Itoa(n)) }

// Int returns a whole number that was read from JSON; 0 for anything else.
func Int(v any) int {
	n, _ := v.(json.Number)
	i, _ := strconv.Atoi(string(n))
	return i
}

// At returns what a path of keys leads to in nested objects, or nil.
func At(v any, keys ...string) any {
	for _, k := range keys {
		o, _ := v.(Object)
		v = o[k]
	}
	return v
}

// Text returns what a path of keys leads to if it is a string, else "".
func Text(v any, keys ...string) string {
	s, _ := At(v, keys...).(string)
	return s
}
