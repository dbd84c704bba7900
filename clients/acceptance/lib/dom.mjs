// A page without a browser, for what needs no layout: the client's own code runs
// in Node, its requests end here, and time stands still unless a test lets it go.

import { JSDOM } from 'jsdom'

const names = ['window', 'document', 'location', 'history', 'localStorage', 'CustomEvent', 'Event', 'Element', 'HTMLElement', 'HTMLTemplateElement', 'Node', 'MutationObserver', 'customElements', 'getComputedStyle', 'innerHeight', 'scrollY']

/** Puts a page into the global scope, and returns what happens at its edges. */
export function openPage({ url = 'https://shop.example/', html = '<!doctype html><title>Shop</title>' } = {}) {
  const { window } = new JSDOM(html, { url, pretendToBeVisual: true })
  const page = { window, requests: [], beacons: [], watched: [], answers: [], takesBeacons: true }
  const set = (name, value) => Object.defineProperty(globalThis, name, { configurable: true, writable: true, value })
  for (const name of names) set(name, window[name])
  const navigator = { language: 'en-US', onLine: true, userAgent: 'Node', sendBeacon: (url, body) => page.takesBeacons && page.beacons.push({ url, body }) > 0 }
  set('navigator', navigator)
  page.navigator = navigator
  globalThis.IntersectionObserver = class {
    constructor(told) { this.told = told }
    observe(element) { page.watched.push({ element, see: () => this.told([{ isIntersecting: true, intersectionRatio: 1, intersectionRect: {} }]) }) }
    disconnect() {}
  }
  globalThis.fetch = async (url, { body }) => {
    const request = { url, body: JSON.parse(body) }
    page.requests.push(request)
    const plan = page.answers.find(({ to }) => url.includes(to))
    if (!plan) throw new TypeError('no network')
    const { status = 200, headers = {}, json = {} } = typeof plan.be === 'function' ? await plan.be(request) : plan.be
    return { ok: status < 400, status, headers: new Headers(headers), json: async () => json, text: async () => JSON.stringify(json) }
  }
  /** Answers requests to a path from now on. */
  page.answer = (to, be) => page.answers.unshift({ to, be })
  page.to = path => page.requests.filter(({ url }) => url.includes(path))
  return page
}

/** Lets what waits for promises go on. */
export const turn = async () => { for (let i = 0; i < 20; i++) await new Promise(resolve => setImmediate(resolve)) }

/** An answer of /v1/resolve. */
export const answer = (slots = {}, more = {}) => ({
  visitor: 'v-1', segment: 'high-intent', segments: ['high-intent', 'returning'], slots, experiences: [], key: 'k',
  at: '2026-11-20T16:00:00.000Z', validUntil: null, ...more,
})
