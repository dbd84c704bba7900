// The storefront in a browser, before a real Segue, and what tests do there.

import assert from 'node:assert/strict'
import { desktop, launch, observe, userAgent } from './chromium.mjs'
import { startFront } from './shopfront.mjs'

const at = JSON.parse(process.env.SHOPS ?? '{}')

/** The hero's headlines: for everybody, and for who is about to buy. */
export const plain = 'Slow water, good coffee'
export const chosen = 'One step left'

let browser
const contexts = []
let visitors = 0

/** The shop whose pages the browser completes, and the one that resolves them itself. */
export let shop, server

export async function open() {
  browser = await launch()
  shop = await startFront(at.browser)
  server = await startFront(at.server)
}

export async function clean() {
  for (const context of contexts.splice(0)) await context.close()
  shop.reset()
  server.reset()
}

export async function close() {
  await browser?.close()
  shop?.close()
  server?.close()
}

/** A browser of its own. */
export async function person(options = {}) {
  const context = await browser.newContext({ userAgent, viewport: desktop, ...options })
  contexts.push(context)
  await context.addInitScript(observe)
  return context
}

/** A visitor about to buy, with a browser that an analytics SDK has named. */
export async function buyer({ front = shop, ...options } = {}) {
  const id = `browser-test-${process.pid}-${visitors++}`
  const message = (event, n) => ({ type: 'track', event, anonymousId: id, messageId: `${id}-${n}`, properties: { product_id: 'crane-kettle' } })
  const sent = await fetch(`${at.segue}/v1/batch`, {
    method: 'POST', body: JSON.stringify({ batch: [message('Product Added', 1), message('Cart Viewed', 2)] }),
  })
  assert.equal((await sent.json()).accepted, 2)
  const context = await person(options)
  await context.addCookies([{ name: 'ajs_anonymous_id', value: id, url: front.url }])
  const page = await context.newPage()
  const complaints = []
  page.on('pageerror', error => complaints.push(String(error)))
  page.on('console', message => { if (message.type() === 'error') complaints.push(message.text()) })
  return { id, context, page, complaints }
}

/** How many signals, or seconds, or percent, Segue has of a visitor. */
export async function count(id, segment) {
  const { segments } = await (await fetch(`${at.segue}/v1/visitors/${id}/explain?segment=${segment}`)).json()
  return Number(segments[0].proof.found)
}

/** Waits until something is so, and returns what it is. */
export async function until(what, holds) {
  for (const end = Date.now() + 30_000; Date.now() < end; ) {
    const got = await holds()
    if (got) return got
    await new Promise(resolve => setTimeout(resolve, 50))
  }
  assert.fail(`in vain: ${what}`)
}

/** Waits until every slot is decided. */
export const settled = page => page.waitForFunction(() => document.readyState === 'complete' &&
  [...document.querySelectorAll('segue-slot')].every(slot => slot.hasAttribute('variant')))

/** Waits for some frames to be painted. */
export const frames = (page, n = 5) => page.evaluate(n => new Promise(resolve => {
  const next = () => (n-- ? requestAnimationFrame(next) : resolve())
  next()
}), n)

/** What `observe` saw. */
export const seen = page => page.evaluate(() => window.seen)
