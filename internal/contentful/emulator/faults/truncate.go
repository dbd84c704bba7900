package faults

import (
	"net/http"
	"strconv"
)

// truncated answers with the first half of what h answers, under the length of
// the whole, and closes the connection.
func truncated(w http.ResponseWriter, r *http.Request, h http.Handler) {
	whole := &kept{header: w.Header(), status: http.StatusOK}
	h.ServeHTTP(whole, r)
	w.Header().Set("Content-Length", strconv.Itoa(len(whole.body)))
	w.WriteHeader(whole.status)
	_, _ = w.Write(whole.body[:len(whole.body)/2]) // it is to fail anyway
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

// kept is an answer that is not sent.
type kept struct {
	header http.Header
	status int
	body   []byte
}

func (k *kept) Header() http.Header { return k.header }

func (k *kept) WriteHeader(status int) { k.status = status }

func (k *kept) Write(b []byte) (int, error) {
	k.body = append(k.body, b...)
	return len(b), nil
}
