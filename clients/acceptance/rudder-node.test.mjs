// @rudderstack/rudder-sdk-node sends to Segue when `dataPlaneUrl` is Segue's
// address:
//
//     new RudderAnalytics('any', { dataPlaneUrl: 'http://127.0.0.1:8080' })
//
// By itself it tries again for 1.4 seconds; `retryCount` says how often. Give an
// `errorHandler`: without one, a batch that it gives up ends the process. Its
// `flush` does not tell when all has arrived; the callbacks of the calls do, as
// `done` below waits for them.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import RudderAnalytics from '@rudderstack/rudder-sdk-node'
import { Segue, Steps } from './lib/analytics.mjs'
import { Front } from './lib/front.mjs'

const segue = new Segue(process.env.ANALYTICS)

/**
 * A client, what it could not send, and how it is used: `call` makes a call, and
 * `done` sends all that waits and resolves when each call has been told what
 * became of it. The client's own flush takes one batch, and resolves with the
 * newest although batches before it may be on their way, see below.
 */
function open(options = {}) {
  const errors = [], told = []
  const analytics = new RudderAnalytics('any', { dataPlaneUrl: segue.url, logLevel: 'none', errorHandler: error => errors.push(error), ...options })
  const call = (name, message) => told.push(new Promise(resolve => analytics[name](message, resolve)))
  const done = async () => {
    while (analytics.queue.length > 0) await analytics.flush()
    await Promise.all(told)
  }
  return { analytics, errors, call, done }
}

test('every call arrives, with who, what, where and when', async () => {
  const { errors, call, done } = open()
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
  for (const [name, arguments_] of Object.values(calls)) call(name, { ...who, ...arguments_ })
  await done()
  assert.deepEqual(errors, [])
  for (const [segment, signal] of Object.entries(await segue.signals('ana', Object.keys(calls)))) {
    assert.equal(signal.at, originalTimestamp.toISOString(), segment)
  }
})

test('what Segue cannot take now comes again, and what it has taken is not taken twice', async t => {
  const front = await Front.before(segue.url, { status: 503 }, { status: 429, retryAfter: 1 }, 'lost')
  t.after(() => front.close())
  const { errors, call, done } = open({ dataPlaneUrl: front.url })
  call('track', { anonymousId: 'patient', event: 'Step', properties: { n: 0 } })
  await done()
  assert.deepEqual(errors, [])
  assert.equal(front.requests.length, 4)
  assert.ok(front.requests[2].at - front.requests[1].at >= 1000, 'waits as Retry-After says')
  assert.deepEqual(await segue.steps('patient'), { all: 1, different: 1 })
})

test('it gives up after three times more, and says so', async t => {
  const front = await Front.before(segue.url, ...Array(4).fill({ status: 503 }))
  t.after(() => front.close())
  const { errors, call, done } = open({ dataPlaneUrl: front.url })
  call('track', { anonymousId: 'unlucky', event: 'Step', properties: { n: 0 } })
  await done()
  assert.deepEqual(errors.map(error => error.response.status), [503])
  call('track', { anonymousId: 'unlucky', event: 'Step', properties: { n: 1 } })
  await done()
  assert.deepEqual(await segue.steps('unlucky'), { all: 1, different: 1 })
})

test('an event that is bad does not cost the others of its batch', async () => {
  const { errors, call, done } = open()
  for (let n = 0; n < 5; n++) {
    call('track', { anonymousId: n === 2 ? 'x'.repeat(201) : 'careless', event: 'Step', properties: { n } })
  }
  await done()
  assert.deepEqual(errors, [])
  assert.deepEqual(await segue.steps('careless'), { all: 4, different: 4 })
})

test('a flush does not wait for the one before it, but the callback of a call does', async () => {
  const answers = []
  const axiosInstance = { post: () => new Promise(resolve => answers.push(resolve)) }
  const { analytics, call, done } = open({ axiosInstance, retryCount: 0 })
  for (let n = 0; n < 41; n++) call('track', { anonymousId: 'hasty', event: 'Step', properties: { n } })
  let allTold = false
  const all = done().then(() => allTold = true)
  answers[0]() // the first event's; two batches of the others have waited for it
  while (answers.length < 3) await setImmediate()
  answers[2]()
  await analytics.flush()
  await setImmediate()
  assert.equal(allTold, false, 'nothing is left to flush, and a batch is on its way')
  answers[1]()
  await all
})

test('10,000 events arrive once each though Segue is killed', async () => {
  const { analytics, errors, call, done } = open({ retryCount: 10 })
  const steps = new Steps(segue)
  await steps.sendWhileCrashing(async (anonymousId, n) => {
    call('track', { anonymousId, event: 'Step', properties: { n } })
    if (analytics.queue.length >= 100) await analytics.flush() // the time of a call grows with the queue
  })
  await done()
  assert.deepEqual(errors, [])
  await steps.assertAll()
})
