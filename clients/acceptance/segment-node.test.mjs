// @segment/analytics-node sends to Segue when `host` is Segue's address:
//
//     new Analytics({ writeKey: 'any', host: 'http://127.0.0.1:8080' })
//
// Below a path, as /segue, `path` says so too: { host, path: '/segue/v1/batch' }.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Analytics } from '@segment/analytics-node'
import { Segue, Steps } from './lib/analytics.mjs'
import { Front } from './lib/front.mjs'

const segue = new Segue(process.env.ANALYTICS)

const open = (options = {}) => {
  const analytics = new Analytics({ writeKey: 'any', host: segue.url, ...options })
  const errors = []
  analytics.on('error', error => errors.push(error))
  return { analytics, errors }
}

/** By itself closeAndFlush ends after 75 seconds, and what waits is given up. */
const patiently = { timeout: 0 }

test('every call arrives, with who, what, where and when', async () => {
  const { analytics, errors } = open()
  const timestamp = new Date(Date.now() - 50 * 3600_000)
  const who = { anonymousId: 'ana', userId: 'u-ana', timestamp }
  const context = { page: { path: '/kettles' } }
  const calls = {
    tracked: ['track', { event: 'Product Added', properties: { product_id: 'crane-kettle', price: 54.9, quantity: 2 }, context }],
    paged: ['page', { name: 'Kettles', category: 'Shop', properties: { path: '/kettles' } }],
    screened: ['screen', { name: 'Basket', properties: { items: 2 } }],
    identified: ['identify', { traits: { plan: 'pro', address: { city: 'Berlin' } } }],
    grouped: ['group', { groupId: 'acme', traits: { industry: 'coffee' } }],
    aliased: ['alias', { previousId: 'before' }],
  }
  for (const [call, arguments_] of Object.values(calls)) analytics[call]({ ...who, ...arguments_ })
  await analytics.closeAndFlush()
  assert.deepEqual(errors, [])
  for (const [segment, { at }] of Object.entries(await segue.signals('ana', Object.keys(calls)))) {
    assert.equal(at, timestamp.toISOString(), segment)
  }
})

test('what Segue cannot take now comes again, and what it has taken is not taken twice', async t => {
  const front = await Front.before(segue.url, { status: 503 }, { status: 429, retryAfter: 1 }, 'lost')
  t.after(() => front.close())
  const { analytics, errors } = open({ host: front.url })
  for (let n = 0; n < 5; n++) analytics.track({ anonymousId: 'patient', event: 'Step', properties: { n } })
  await analytics.closeAndFlush()
  assert.deepEqual(errors, [])
  assert.deepEqual(front.requests.map(r => r.headers['x-retry-count']), [undefined, '1', '2', '3'])
  assert.ok(front.requests[2].at - front.requests[1].at >= 1000, 'waits as Retry-After says')
  assert.deepEqual(await segue.steps('patient'), { all: 5, different: 5 })
})

test('it waits while Segue is overloaded, and nothing is lost', async () => {
  const busy = new Segue(process.env.BUSY)
  const { analytics, errors } = open({ host: busy.url })
  const answers = []
  analytics.on('http_response', ({ status, headers }) => answers.push(`${status} ${headers['retry-after'] ?? ''}`))
  const text = 'x'.repeat(4_000)
  for (let n = 0; n < 2_000; n++) analytics.track({ anonymousId: `v${n % 10}`, event: 'Step', properties: { n, text } })
  await analytics.closeAndFlush(patiently)
  assert.deepEqual(errors, [])
  assert.ok(answers.some(answer => /^429 \d+$/.test(answer)), 'there was no overload')
  for (let v = 0; v < 10; v++) assert.deepEqual(await busy.steps(`v${v}`), { all: 200, different: 200 })
})

test('an event that is bad does not cost the others of its batch', async () => {
  const { analytics, errors } = open()
  for (let n = 0; n < 5; n++) {
    analytics.track({ anonymousId: n === 2 ? 'x'.repeat(201) : 'careless', event: 'Step', properties: { n } })
  }
  await analytics.closeAndFlush()
  assert.deepEqual(errors, [])
  assert.deepEqual(await segue.steps('careless'), { all: 4, different: 4 })
})

test('the largest batch is taken', async () => {
  const { analytics, errors } = open()
  const text = Array.from({ length: 4 }, () => 'x'.repeat(7_900))
  for (let n = 0; n < 15; n++) analytics.track({ anonymousId: 'talker', event: 'Step', properties: { n, text } })
  await analytics.closeAndFlush()
  assert.deepEqual(errors, [])
  assert.deepEqual(await segue.steps('talker'), { all: 15, different: 15 })
})

test('10,000 events arrive once each though Segue is killed', async () => {
  const { analytics, errors } = open()
  const steps = new Steps(segue)
  await steps.sendWhileCrashing((anonymousId, n) => analytics.track({ anonymousId, event: 'Step', properties: { n } }))
  await analytics.closeAndFlush(patiently)
  assert.deepEqual(errors, [])
  await steps.assertAll()
})
