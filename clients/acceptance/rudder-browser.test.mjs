// @rudderstack/analytics-js sends to Segue when the address of the data plane and
// `configUrl` are Segue's. Use its bundled build; the other one loads parts of
// itself from RudderStack's servers.
//
//     import { RudderAnalytics } from '@rudderstack/analytics-js/bundled'
//     new RudderAnalytics().load('any', 'http://127.0.0.1:8080', { configUrl: 'http://127.0.0.1:8080' })

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { eventually, Segue, Steps } from './lib/analytics.mjs'
import { launch, userAgent } from './lib/chromium.mjs'
import { Front } from './lib/front.mjs'
import { site } from './lib/site.mjs'

const segue = new Segue(process.env.ANALYTICS)
const script = await readFile('node_modules/@rudderstack/analytics-js/dist/npm/modern/bundled/umd/index.js', 'utf8')

/**
 * Opens a page of a site and loads the client there, as `analytics`, with `steps`.
 */
async function visit(page, url, at = segue.url, options = {}) {
  await page.goto(url)
  await page.evaluate(Steps.inPage)
  await page.evaluate(async ({ at, options }) => {
    const send = XMLHttpRequest.prototype.send
    XMLHttpRequest.prototype.send = function (body) {
      this.addEventListener('load', () => { if (body && this.status === 200) steps.arrived(body) })
      return send.call(this, body)
    }
    window.analytics = new rudderanalytics.RudderAnalytics()
    analytics.load('any', at, { configUrl: at, logLevel: 'NONE', ...options })
    await new Promise(resolve => analytics.ready(resolve))
  }, { at, options })
}

/** Sends steps from the page. */
const send = (page, steps, anonymousId) => page.evaluate(({ steps, anonymousId }) => {
  for (let n = 0; n < steps; n++) analytics.track('Step', { n }, { anonymousId })
}, { steps, anonymousId })

// Chromium's path is told by CHROMIUM.
test('in Chromium', async t => {
  const browser = await launch()
  t.after(() => browser.close())
  const context = await browser.newContext({ userAgent })
  segue.watch(context)
  const home = await site(t, script)
  const page = await context.newPage()

  await t.test('every call arrives, with who, what, where and when', async () => {
    const since = Date.now()
    await visit(page, `${home}/kettles`)
    const anonymousId = await page.evaluate(() => {
      analytics.track('Product Added', { product_id: 'crane-kettle', price: 54.9, quantity: 2 })
      analytics.page('Shop', 'Kettles')
      analytics.identify('u-ana', { plan: 'pro', address: { city: 'Berlin' } })
      analytics.group('acme', { industry: 'coffee' })
      analytics.alias('u-ana', 'before')
      return analytics.getAnonymousId()
    })
    await eventually(async () => {
      const signals = await segue.signals(anonymousId, ['tracked', 'paged', 'identified', 'grouped', 'aliased'])
      for (const [segment, { at }] of Object.entries(signals)) assert.ok(since <= Date.parse(at) && Date.parse(at) <= Date.now(), segment)
    })
  })

  await t.test('what Segue cannot take now comes again, and what it has taken is not taken twice', async t => {
    const front = await Front.before(segue.url)
    t.after(() => front.close())
    await visit(page, home, front.url, { queueOptions: { minRetryDelay: 100 } })
    front.requests.length = 0 // the settings
    front.plan({ status: 503 }, { status: 429, retryAfter: 1 }, 'lost')
    await send(page, 1, 'patient')
    await eventually(async () => assert.deepEqual(await segue.steps('patient'), { all: 1, different: 1 }))
    await eventually(() => assert.equal(front.requests.length, 4))
    const attempts = front.requests.map(r => r.headers['rsa-retry-attempt'])
    assert.deepEqual(attempts.slice(0, 3), [undefined, '1', '2'])
    assert.match(attempts[3], /2|3/, 'what was lost is sent again by Chromium, else by the client')
  })

  await t.test('what is sent on leaving a page arrives, by beacon', async () => {
    await visit(page, home, segue.url, { useBeacon: true })
    await send(page, 5, 'leaver')
    await page.goto('about:blank')
    await eventually(async () => assert.deepEqual(await segue.steps('leaver'), { all: 5, different: 5 }))
  })

  await t.test('what cannot be sent waits in the browser for the next page, which takes it up after ten seconds', async () => {
    await visit(page, home)
    await segue.kill()
    await send(page, 20, 'returner')
    await page.goto('about:blank')
    await segue.restart()
    await visit(page, home)
    await eventually(async () => assert.deepEqual(await segue.steps('returner'), { all: 20, different: 20 }))
  })

  for (const [way, queueOptions, some] of [
    ['1,000 events, one by one,', {}, { visitor: 'one', each: 25 }],
    ['10,000 events, in batches,', { batch: { enabled: true, maxItems: 20 } }, {}],
  ]) {
    await t.test(`${way} arrive once each though Segue is killed`, async () => {
      await visit(page, home, segue.url, { queueOptions })
      const steps = new Steps(segue, some)
      await steps.sendFromPageWhileCrashing(page) // the client keeps 100 that wait, and drops older ones
      await steps.assertAll()
    })
  }
})
