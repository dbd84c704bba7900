// @jitsu/js sends to Segue when `host` is Segue's address:
//
//     jitsuAnalytics({ writeKey: 'any', host: 'http://127.0.0.1:8080' })
//
// It sends each event once: what fails is lost. Its option `fetch` takes one that
// tries again, as persistent does below; what Segue had taken already does not
// count twice.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { jitsuAnalytics } from '@jitsu/js'
import { Segue, Steps } from './lib/analytics.mjs'
import { Front } from './lib/front.mjs'

const segue = new Segue(process.env.ANALYTICS)

const open = (options = {}) => jitsuAnalytics({ writeKey: 'any:secret', host: segue.url, ...options })

/** fetch, tried again until there is an answer that is not of trouble. */
async function persistent(url, request) {
  for (let pause = 100; ; pause = Math.min(pause * 2, 10_000)) {
    const answer = await fetch(url, request).catch(() => undefined)
    if (answer && answer.status !== 429 && answer.status < 500) return answer
    await setTimeout(1000 * Number(answer?.headers.get('retry-after')) || pause)
  }
}

for (const s2s of [false, true]) {
  test(`every call arrives, with who, what, where and when, ${s2s ? 'from a server' : 'from a browser'}`, async () => {
    const jitsu = open({ s2s })
    const before = Date.now()
    const anonymousId = s2s ? 'server-ana' : 'ana'
    const options = { anonymousId, context: { page: { path: '/kettles' } } }
    await jitsu.track('Product Added', { product_id: 'crane-kettle', price: 54.9, quantity: 2 }, options)
    await jitsu.page({ name: 'Kettles', category: 'Shop', path: '/kettles' }, options)
    await jitsu.identify(`u-${anonymousId}`, { plan: 'pro', address: { city: 'Berlin' } }, options)
    await jitsu.group('acme', { industry: 'coffee' }, options)
    const signals = Object.entries(await segue.signals(anonymousId, ['tracked', 'paged', 'identified', 'grouped']))
    for (const [segment, { at }] of signals) assert.ok(before <= Date.parse(at) && Date.parse(at) <= Date.now(), segment)
  })
}

test('it does not try again, and logs what it loses', async t => {
  const front = await Front.before(segue.url, { status: 503 }, { status: 429, retryAfter: 1 }, 'lost')
  t.after(() => front.close())
  const logged = t.mock.method(console, 'error', () => {})
  const jitsu = open({ host: front.url })
  for (let n = 0; n < 4; n++) await jitsu.track('Step', { n }, { anonymousId: 'unlucky' })
  assert.equal(front.requests.length, 4)
  assert.deepEqual(logged.mock.calls.map(call => /503|429|fetch failed/.exec(call.arguments[0])?.[0]), ['503', '429', 'fetch failed'])
  assert.deepEqual(await segue.steps('unlucky'), { all: 2, different: 2 }, 'that whose answer was lost, and the last')
})

test('with a fetch that tries again nothing is lost or doubled', async t => {
  const front = await Front.before(segue.url, { status: 503 }, { status: 429, retryAfter: 1 }, 'lost')
  t.after(() => front.close())
  await open({ host: front.url, fetch: persistent }).track('Step', { n: 0 }, { anonymousId: 'patient' })
  assert.equal(front.requests.length, 4)
  assert.deepEqual(await segue.steps('patient'), { all: 1, different: 1 })
})

test('without, all that it was told to have arrived is there once', async t => {
  t.mock.method(console, 'error', () => {})
  const jitsu = open()
  const crash = segue.crash()
  let sent = 0, arrived = 0, up = false
  crash.then(() => up = true)
  while (!up) {
    const { payload } = await jitsu.track('Step', { n: sent++ }, { anonymousId: 'bold' })
    if (payload.messageId) arrived++ // which the client adds to what was answered 200
  }
  const { all, different } = await segue.steps('bold')
  assert.equal(all, different)
  assert.ok(arrived <= all && arrived < sent, `${arrived} of ${sent} sent arrived as far as the client knows, ${all} in truth`)
})

test('10,000 events arrive once each though Segue is killed', async () => {
  const jitsu = open({ fetch: persistent })
  const waiting = new Set()
  const steps = new Steps(segue)
  await steps.sendWhileCrashing(async (anonymousId, n) => {
    const sent = jitsu.track('Step', { n }, { anonymousId }).then(() => waiting.delete(sent))
    waiting.add(sent)
    if (waiting.size >= 50) await Promise.race(waiting)
  })
  await Promise.all(waiting)
  await steps.assertAll()
})
