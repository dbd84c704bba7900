// Package host is a page that embeds an app as Contentful's web app does, so that
// apps can be tried and tested without it: the page speaks the App SDK's channel
// of messages with the app, and asks the management API for what the app wants.
//
// The page is JavaScript in files of its own: host.js shows one location of an
// app, frame.js is the channel, editor.js an entry that is edited, install.js how
// an app is installed, dialogs.js what apps open, and cma.js how their calls become
// requests.
package host
