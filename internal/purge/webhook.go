package purge

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A webhook tells anybody, as Standard Webhooks has it.
type webhook struct {
	client
	secret []byte
}

// SecretPrefix begins secrets of Standard Webhooks; base64 follows.
const SecretPrefix = "whsec_"

// Webhook returns a receiver of webhooks, signed with a secret: whsec_ and
// base64 of at least 24 bytes.
func Webhook(address, secret string) (Target, error) {
	c, err := newClient("webhook", address)
	if err != nil {
		return nil, err
	}
	key, err := SecretOf(secret)
	return &webhook{c, key}, err
}

// SecretOf returns the bytes of a secret of Standard Webhooks.
func SecretOf(secret string) ([]byte, error) {
	text, ok := strings.CutPrefix(secret, SecretPrefix)
	key, err := base64.StdEncoding.DecodeString(text)
	if !ok || err != nil || len(key) < 24 {
		return nil, errors.New("a webhook secret is " + SecretPrefix + " and base64 of at least 24 bytes: make one with `echo " + SecretPrefix + "$(openssl rand -base64 32)`")
	}
	return key, nil
}

// A pagesChanged is the body of a webhook.
type pagesChanged struct {
	Type      string      `json:"type"`
	Timestamp time.Time   `json:"timestamp"` // of the change
	Data      changedData `json:"data"`
}

type changedData struct {
	Tags  []string      `json:"tags"` // of exactly what has changed
	Pages []changedPage `json:"pages"`
}

type changedPage struct {
	Page   string   `json:"page"`  // entry id
	Names  []string `json:"names"` // under which it was asked for, such as "page:home"
	Locale string   `json:"locale"`
	Keys   []string `json:"keys"`
}

// Most implements Target.
func (*webhook) Most() int { return 500 }

// Purge implements Target. The id is that of the same news told again.
func (w *webhook) Purge(ctx context.Context, drops []Drop, at time.Time) error {
	news := pagesChanged{Type: "pages.changed", Timestamp: at.UTC(), Data: changedData{Tags: tagsOf(drops)}}
	for _, d := range drops { // in order of place
		last := len(news.Data.Pages) - 1
		if last < 0 || news.Data.Pages[last].Page != d.Page || news.Data.Pages[last].Locale != d.Locale {
			news.Data.Pages = append(news.Data.Pages, changedPage{Page: d.Page, Names: pageNames(d), Locale: d.Locale})
			last++
		}
		news.Data.Pages[last].Keys = append(news.Data.Pages[last].Keys, d.Key)
	}
	body, err := json.Marshal(news)
	if err != nil {
		return fmt.Errorf("encode what has changed: %w", err)
	}
	r, err := w.request(ctx, http.MethodPost, "", string(body))
	if err != nil {
		return err
	}
	sum := sha256.Sum256(body)
	id, sent := "msg_"+hex.EncodeToString(sum[:12]), strconv.FormatInt(time.Now().Unix(), 10)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("webhook-id", id)
	r.Header.Set("webhook-timestamp", sent)
	r.Header.Set("webhook-signature", "v1,"+w.sign(id+"."+sent+"."+string(body)))
	_, err = w.do(r)
	return err
}

// pageNames returns under which names the page of d was asked for.
func pageNames(d Drop) []string {
	names := []string{}
	for _, ref := range d.Names {
		names = append(names, ref.Page)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func (w *webhook) sign(text string) string {
	mac := hmac.New(sha256.New, w.secret)
	_, _ = mac.Write([]byte(text)) // a hash never fails
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
