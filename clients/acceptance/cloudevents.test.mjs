// cloudevents sends to Segue when its transport's address is Segue's, with the
// path /v1/cloudevents:
//
//     const emit = emitterFor(httpTransport('http://127.0.0.1:8080/v1/cloudevents'))
//     await emit(new CloudEvent({ type: 'Product Added', source: '/shop', subject: 'ana', data: {…} }))
//
// Its emitter sends each event once, and is silent about a status of failure;
// `deliver` below reads the answer and tries again.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { CloudEvent, emitterFor, httpTransport, Mode } from 'cloudevents'
import { Segue, Steps } from './lib/analytics.mjs'
import { Front } from './lib/front.mjs'

const segue = new Segue(process.env.ANALYTICS)
const route = '/v1/cloudevents'

/** Emits until Segue says that it has taken the event. */
async function deliver(emit, event) {
  for (let pause = 50; ; pause = Math.min(pause * 2, 10_000)) {
    const answer = await emit(event).then(({ body }) => JSON.parse(body)).catch(() => undefined)
    if (answer?.success) return
    await setTimeout(pause)
  }
}

/** A call of the Segment spec, as the data of an event. */
const call = subject => new CloudEvent({
  type: 'track', source: '/shop', subject, time: timestamp,
  data: {
    type: 'track', event: 'Product Added', properties: { product_id: 'crane-kettle', price: 54.9, quantity: 2 },
    context: { page: { path: '/kettles' } },
  },
})
const timestamp = new Date(Date.now() - 50 * 3600_000).toISOString()
const step = (subject, n, more) => new CloudEvent({ type: 'Step', source: '/shop', subject, data: { n }, ...more })

/** Sends several events in one request, for which the client has no function. */
const sendBatch = events => httpTransport(segue.url + route)({
  headers: { 'content-type': 'application/cloudevents-batch+json' }, body: JSON.stringify(events),
})

for (const [mode, send] of Object.entries({
  binary: event => emitterFor(httpTransport(segue.url + route), { mode: Mode.BINARY })(event),
  structured: event => emitterFor(httpTransport(segue.url + route), { mode: Mode.STRUCTURED })(event),
  batch: event => sendBatch([event]),
})) {
  test(`events arrive, with who, what, where and when: ${mode}`, async () => {
    await send(call(mode))
    const { tracked } = await segue.signals(mode, ['tracked'])
    assert.equal(tracked.at, timestamp)
    const same = { id: 'one' }
    await send(step(mode, 0, same))
    await send(step(mode, 0, same))
    await send(step(mode, 1, { id: 'two' }))
    assert.deepEqual(await segue.steps(mode), { all: 2, different: 2 })
  })
}

test('an event that is bad does not cost the others of its batch', async () => {
  const events = [0, 1, 2].map(n => step('careless', n).toJSON())
  delete events[1].subject
  const { body } = await sendBatch(events)
  assert.equal(JSON.parse(body).rejected.length, 1)
  assert.deepEqual(await segue.steps('careless'), { all: 2, different: 2 })
})

test('what Segue cannot take now and is sent again is not taken twice', async t => {
  const front = await Front.before(segue.url, { status: 503 }, { status: 429, retryAfter: 1 }, 'lost')
  t.after(() => front.close())
  await deliver(emitterFor(httpTransport(front.url + route)), step('patient', 0))
  assert.equal(front.requests.length, 4)
  assert.deepEqual(await segue.steps('patient'), { all: 1, different: 1 })
})

test('10,000 events arrive once each though Segue is killed', async () => {
  const emit = emitterFor(httpTransport(segue.url + route))
  const waiting = new Set()
  const steps = new Steps(segue)
  await steps.sendWhileCrashing(async (visitor, n) => {
    const sent = deliver(emit, step(visitor, n)).then(() => waiting.delete(sent))
    waiting.add(sent)
    if (waiting.size >= 50) await Promise.race(waiting)
  })
  await Promise.all(waiting)
  await steps.assertAll()
})
