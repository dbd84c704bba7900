// @segment/analytics-next sends to Segue when `cdnURL` is Segue's address: it asks
// there for its settings, which tell it to send there too.
//
//     AnalyticsBrowser.load({ writeKey: 'any', cdnURL: 'http://127.0.0.1:8080' })
//
// A site that keeps the settings of Segment changes where events go alone:
//
//     AnalyticsBrowser.load({ writeKey: 'any' }, {
//       integrations: { 'Segment.io': { apiHost: '127.0.0.1:8080/v1', protocol: 'http' } },
//     })

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { JSDOM } from 'jsdom'
import { eventually, Segue, Steps } from './lib/analytics.mjs'
import { launch, userAgent } from './lib/chromium.mjs'
import { Front } from './lib/front.mjs'
import { site } from './lib/site.mjs'

const segue = new Segue(process.env.ANALYTICS)
const script = await readFile('node_modules/@segment/analytics-next/dist/umd/index.js', 'utf8')
const batching = config => ({ integrations: { 'Segment.io': { deliveryStrategy: { strategy: 'batching', config } } } })

/** Loads the client in a page of jsdom, which gets the fetch of Node. */
async function open(t, { settings = { cdnURL: segue.url }, options } = {}) {
  const { window } = new JSDOM('<!doctype html><title>Kettles</title>', { url: 'http://shop.example/kettles', runScripts: 'outside-only' })
  t.after(() => window.close())
  window.fetch = fetch
  window.eval(script)
  const [analytics] = await window.AnalyticsNext.AnalyticsBrowser.load({ writeKey: 'any', ...settings }, options)
  return analytics
}

/** Makes every call that the client has; it runs in pages of Chromium too. */
async function makeEveryCall(analytics, anonymousId) {
  const options = { anonymousId }
  await analytics.track('Product Added', { product_id: 'crane-kettle', price: 54.9, quantity: 2 }, options)
  await analytics.page('Shop', 'Kettles', {}, options)
  await analytics.screen('Basket', { items: 2 }, options)
  await analytics.identify(`u ${anonymousId}`, { plan: 'pro', address: { city: 'Berlin' } }, options)
  await analytics.group('acme', { industry: 'coffee' }, options)
  await analytics.alias(`u ${anonymousId}`, `before ${anonymousId}`, options)
}

/** Asserts that all those calls arrived, after an instant. */
async function assertEveryCall(anonymousId, since) {
  const signals = await segue.signals(anonymousId, ['tracked', 'paged', 'screened', 'identified', 'grouped', 'aliased'])
  for (const [segment, { at }] of Object.entries(signals)) assert.ok(since <= Date.parse(at) && Date.parse(at) <= Date.now(), segment)
}

const ways = {
  'told by the settings': {},
  'in batches': { options: batching({ size: 6, timeout: 100 }) },
  'told by apiHost alone': {
    settings: { cdnSettings: { integrations: { 'Segment.io': {} } } },
    options: { integrations: { 'Segment.io': { apiHost: `${new URL(segue.url).host}/v1`, protocol: 'http' } } },
  },
}
for (const [way, how] of Object.entries(ways)) {
  test(`every call arrives, with who, what, where and when: ${way}`, async t => {
    const since = Date.now()
    await makeEveryCall(await open(t, how), way)
    await eventually(() => assertEveryCall(way, since))
  })
}

for (const [way, options] of [['one by one', {}], ['in batches', batching({ size: 1, timeout: 100 })]]) {
  test(`what Segue cannot take now comes again, and what it has taken is not taken twice: ${way}`, async t => {
    const front = await Front.before(segue.url)
    t.after(() => front.close())
    const analytics = await open(t, { settings: { cdnURL: front.url }, options })
    front.requests.length = 0 // the settings
    front.plan({ status: 503 }, { status: 429, retryAfter: 1 }, 'lost')
    const anonymousId = `patient ${way}`
    await analytics.track('Step', { n: 0 }, { anonymousId })
    await eventually(() => assert.equal(front.requests.length, 4))
    assert.ok(front.requests[2].at - front.requests[1].at >= 1000, 'waits as Retry-After says')
    await eventually(async () => assert.deepEqual(await segue.steps(anonymousId), { all: 1, different: 1 }))
  })
}

/**
 * Opens a page of a site in Chromium and loads the client there, as `analytics`,
 * with `steps`.
 */
async function visit(page, url, options) {
  await page.goto(url)
  await page.evaluate(Steps.inPage)
  await page.evaluate(async ({ cdnURL, options }) => {
    const fetch = window.fetch
    window.fetch = async (url, request) => {
      const answer = await fetch(url, request)
      if (answer.ok && request?.body) steps.arrived(request.body)
      return answer
    }
    ;[window.analytics] = await AnalyticsNext.AnalyticsBrowser.load({ writeKey: 'any', cdnURL }, options)
  }, { cdnURL: segue.url, options })
}

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
    await page.evaluate(`(${makeEveryCall})(analytics, 'chromium')`)
    await assertEveryCall('chromium', since)
  })

  await t.test('what is sent on leaving a page arrives, in batches', async () => {
    await visit(page, home, batching({ size: 100, timeout: 60_000 }))
    await page.evaluate(async () => { for (let n = 0; n < 20; n++) await analytics.track('Step', { n }, { anonymousId: 'leaver' }) })
    await page.goto('about:blank')
    await eventually(async () => assert.deepEqual(await segue.steps('leaver'), { all: 20, different: 20 }))
  })

  await t.test('what cannot be sent waits in the browser for the next page', async () => {
    await visit(page, home)
    await segue.kill()
    await page.evaluate(async () => { for (let n = 0; n < 20; n++) await analytics.track('Step', { n }, { anonymousId: 'returner' }) })
    await page.goto('about:blank')
    await segue.restart()
    await visit(page, home)
    await eventually(async () => assert.deepEqual(await segue.steps('returner'), { all: 20, different: 20 }))
  })

  for (const [way, options, some] of [
    ['1,000 events, one by one,', {}, { visitor: 'one', each: 25 }],
    ['10,000 events, in batches,', batching({ size: 20, timeout: 10 }), {}],
  ]) {
    await t.test(`${way} arrive once each though Segue is killed`, async () => {
      await visit(page, home, options)
      const steps = new Steps(segue, some)
      await steps.sendFromPageWhileCrashing(page) // in batches, a call costs more the more events wait
      await steps.assertAll()
    })
  }
})
