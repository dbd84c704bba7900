// @rudderstack/rudder-sdk-node sends to Segue when `dataPlaneUrl` is Segue's
// address:
//
//     new RudderAnalytics('any', { dataPlaneUrl: 'http://127.0.0.1:8080' })
//
// By itself it tries again for 1.4 seconds; `retryCount` says how often. Give an
// `errorHandler`: without one, a batch that it gives up ends the process.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import RudderAnalytics from '@rudderstack/rudder-sdk-node'
import { Segue, Steps } from './lib/analytics.mjs'
import { Front } from './lib/front.mjs'

const segue = new Segue(process.env.ANALYTICS)

const open = (options = {}) => {
  const errors = []
  const analytics = new RudderAnalytics('any', { dataPlaneUrl: segue.url, logLevel: 'none', errorHandler: error => errors.push(error), ...options })
  return { analytics, errors }
}

/** Sends all that waits, of which one flush takes a batch. */
async function flush(analytics) {
  while (analytics.queue.length > 0) await analytics.flush()
  await analytics.flush()
}

test('every call arrives, with who, what, where and when', async () => {
  const { analytics, errors } = open()
  const originalTimestamp = new Date(Date.now() - 50 * 3600_000)
  const who = { anonymousId: 'ana', userId: 'u-ana', originalTimestamp }
  const context = { page: { path: '/kettles' } }
  const calls = {
    tracked: ['track', { event: 'Product Added', properties: { product_id: 'crane-kettle', price: 54.9, quantity: 2 }, context }],
    paged: ['page', { name: 'Kettles', properties: { path: '/kettles', category: 'Shop' } }],
    screened: ['screen', { name: 'Basket', properties: { items: 2 } }],
    identified: ['identify', { traits: { plan: 'pro', address: { city: 'Berlin' } } }],
    grouped: ['group', { groupId: 'acme', traits: { industry: 'coffee' } }],
    aliased: ['alias', { previousId: 'before' }],
  }
  for (const [call, arguments_] of Object.values(calls)) analytics[call]({ ...who, ...arguments_ })
  await flush(analytics)
  assert.deepEqual(errors, [])
  for (const [segment, signal] of Object.entries(await segue.signals('ana', Object.keys(calls)))) {
    assert.equal(signal.at, originalTimestamp.toISOString(), segment)
  }
})

test('what Segue cannot take now comes again, and what it has taken is not taken twice', async t => {
  const front = await Front.before(segue.url, { status: 503 }, { status: 429, retryAfter: 1 }, 'lost')
  t.after(() => front.close())
  const { analytics, errors } = open({ dataPlaneUrl: front.url })
  analytics.track({ anonymousId: 'patient', event: 'Step', properties: { n: 0 } })
  await flush(analytics)
  assert.deepEqual(errors, [])
  assert.equal(front.requests.length, 4)
  assert.deepEqual(await segue.steps('patient'), { all: 1, different: 1 })
})

test('it gives up after three times more, and says so', async t => {
  const front = await Front.before(segue.url, ...Array(4).fill({ status: 503 }))
  t.after(() => front.close())
  const { analytics, errors } = open({ dataPlaneUrl: front.url })
  analytics.track({ anonymousId: 'unlucky', event: 'Step', properties: { n: 0 } })
  await flush(analytics)
  assert.deepEqual(errors.map(error => error.response.status), [503])
  analytics.track({ anonymousId: 'unlucky', event: 'Step', properties: { n: 1 } })
  await flush(analytics)
  assert.deepEqual(await segue.steps('unlucky'), { all: 1, different: 1 })
})

test('an event that is bad does not cost the others of its batch', async () => {
  const { analytics, errors } = open()
  for (let n = 0; n < 5; n++) {
    analytics.track({ anonymousId: n === 2 ? 'x'.repeat(201) : 'careless', event: 'Step', properties: { n } })
  }
  await flush(analytics)
  assert.deepEqual(errors, [])
  assert.deepEqual(await segue.steps('careless'), { all: 4, different: 4 })
})

test('10,000 events arrive once each though Segue is killed', async () => {
  const { analytics, errors } = open({ retryCount: 10 })
  const steps = new Steps(segue)
  await steps.sendWhileCrashing(async (anonymousId, n) => {
    analytics.track({ anonymousId, event: 'Step', properties: { n } })
    if (analytics.queue.length >= 100) await analytics.flush() // the time of a call grows with the queue
  })
  await flush(analytics)
  assert.deepEqual(errors, [])
  await steps.assertAll()
})
