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

// number returns n as what is read from JSON has its numbers.
func number(n int) json.Number { return json.Number(strconv.Itoa(n)) }
