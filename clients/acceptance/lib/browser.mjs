// A browser for SDKs that look for one in globals: jsdom, with what it lacks.
// Import it before them.

import { JSDOM } from 'jsdom'

const dom = new JSDOM('<!doctype html><title>Home</title><main></main>', {
  url: 'https://shop.example/home?utm_source=news', referrer: 'https://search.example/', pretendToBeVisual: true,
})
const { window } = dom

/** Requests that pages make, for tests to look at: {method, url, headers, body}. */
export const requests = []

const ask = (url, { method = 'GET', headers = {}, body } = {}) => {
  requests.push({ method, url: String(url), headers: Object.fromEntries(new Headers(headers)), body: body === undefined ? undefined : JSON.parse(body) })
  return fetched(url, { method, headers, body })
}
const fetched = globalThis.fetch

/** Beacons that are under way. */
export const beacons = []
window.navigator.sendBeacon = (url, blob) => {
  const sent = blob.text().then(body => ask(url, { method: 'POST', headers: { 'Content-Type': blob.type }, body }))
  beacons.push(sent)
  return true
}

/** Elements that are observed, by the observer's callback: say that one came into view with show. */
const observers = new Set()
window.IntersectionObserver = class {
  constructor(callback) { this.callback = callback; this.elements = new Set(); observers.add(this) }
  observe(element) { this.elements.add(element) }
  unobserve(element) { this.elements.delete(element) }
  disconnect() { this.elements.clear() }
}

/** Makes an element come into view, or leave it. */
export function show(element, isIntersecting = true) {
  for (const observer of observers) {
    if (observer.elements.has(element)) observer.callback([{ target: element, isIntersecting, intersectionRatio: isIntersecting ? 1 : 0 }], observer)
  }
}

let visibility = 'visible'
Object.defineProperty(window.document, 'visibilityState', { get: () => visibility })

/** Hides the page, as leaving it does. */
export function leave() {
  visibility = 'hidden'
  window.document.dispatchEvent(new window.Event('visibilitychange'))
  window.dispatchEvent(new window.Event('pagehide'))
}

/** Shows the page again. */
export function comeBack() {
  visibility = 'visible'
  window.document.dispatchEvent(new window.Event('visibilitychange'))
}

for (const name of ['window', 'document', 'localStorage', 'sessionStorage', 'Element', 'HTMLElement', 'IntersectionObserver', 'navigator', 'location', 'CustomEvent', 'Node', 'MutationObserver']) {
  Object.defineProperty(globalThis, name, { value: name === 'window' ? window : window[name], configurable: true, writable: true })
}
globalThis.fetch = ask
window.fetch = ask

/** Forgets what the browser keeps of a visitor. */
export function forget() {
  window.localStorage.clear()
  for (const cookie of window.document.cookie.split('; ')) window.document.cookie = `${cookie.split('=')[0]}=; expires=Thu, 01 Jan 1970 00:00:00 GMT`
}

export { window }
