// Package webhook calls the webhooks of the Contentful stand-in: it tells of
// what was done in a store to whoever a space's definitions name, and to apps that
// are installed where it was done and subscribe to it, with Contentful's headers,
// signed when the space or the app has a secret, and again after a 429 or 5xx.
//
// As Contentful, it promises at least one try, no order and no replay. Calls of
// one webhook are made in the order of the events unless they are retried, or
// [Options.Fault] says otherwise.
package webhook
