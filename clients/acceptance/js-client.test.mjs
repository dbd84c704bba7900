// Segue's own client for browsers, in Node: what it sends, when, and what it
// keeps.

import assert from 'node:assert/strict'
import { afterEach, beforeEach, mock, test } from 'node:test'
import { createClient, css, defineSlots } from '../js/dist/segue.mjs'
import { answer, openPage, turn } from './lib/dom.mjs'

let page, client
beforeEach(() => {
  mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'], now: Date.parse('2026-11-20T16:00:00Z') })
  mock.method(Math, 'random', () => 0.5)
  mock.method(console, 'error', () => {})
  page = openPage()
  page.answer('/v1/batch', { json: { success: true } })
  page.answer('/v1/resolve', { json: answer() })
})
afterEach(() => {
  client?.close()
  mock.timers.reset()
  mock.restoreAll()
})

const pass = async ms => {
  await turn()
  mock.timers.tick(ms)
  await turn()
}
/** A client that has begun. */
async function begin(options) {
  client = createClient(options)
  await turn()
  return client
}
const sent = () => page.to('/v1/batch').flatMap(({ body }) => body.batch)

test('on a server it can be imported', () => assert.match(css, /segue-slot/))

test('the page view goes with the question, and signals after it together', async () => {
  await begin({ endpoint: 'https://shop.example/_p', key: 'pk_1', page: 'page:home', locale: 'de' })
  const [{ url, body }] = page.to('/v1/resolve')
  assert.equal(url, 'https://shop.example/_p/v1/resolve?writeKey=pk_1')
  assert.deepEqual(body.signals.map(({ type }) => type), ['page'])
  assert.equal(body.page, 'page:home')
  assert.equal(body.locale, 'de')
  assert.ok(body.navigation)

  client.track('A', { n: 1 })
  client.track('B')
  await pass(400)
  assert.equal(sent().length, 0)
  await pass(200)
  assert.equal(page.to('/v1/batch').length, 1)
  const [a, b] = sent()
  assert.deepEqual([a.type, a.event, a.properties, a.anonymousId], ['track', 'A', { n: 1 }, 'v-1'])
  assert.notEqual(a.messageId, b.messageId)
  assert.equal(a.context.page.path, '/')
  await pass(60_000)
  assert.equal(page.to('/v1/batch').length, 1)
})

test('who the visitor is, the first answer tells, and it is remembered', async () => {
  await begin()
  assert.equal(page.to('/v1/resolve')[0].body.visitor, undefined)
  assert.equal(client.visitor, 'v-1')
  assert.equal(localStorage.getItem('segue.id'), 'v-1')
  assert.match(document.cookie, /__Host-segue_id=v-1/)
})

test('before it is known who it is, nothing is sent but the question', async () => {
  page.answer('/v1/resolve', () => { throw new TypeError('no network') })
  let give
  const held = new Promise(resolve => { give = resolve })
  const ask = globalThis.fetch
  globalThis.fetch = async (...args) => { if (args[0].includes('resolve')) await held; return ask(...args) }
  await begin()
  client.track('A')
  await pass(5000)
  assert.equal(sent().length, 0)
  give()
  await pass(1000)
  assert.deepEqual(sent().map(({ type, event }) => event ?? type), ['page', 'A'])
  assert.match(sent()[0].anonymousId, /^[\w-]{22}$/, 'it is made as the server would')
  assert.equal(sent()[0].anonymousId, client.visitor)
})

test('under another origin the client makes the id', async () => {
  await begin({ endpoint: 'https://segue.example' })
  const { visitor } = page.to('/v1/resolve')[0].body
  assert.match(visitor.anonymousId, /^[\w-]{22}$/)
  assert.equal(client.visitor, visitor.anonymousId)
})

test('an id of the site, or of the cookie of an analytics SDK, is taken', async () => {
  for (const [cookie, options, want] of [
    ['ajs_anonymous_id=%22a-1%22', { cookies: ['none', 'ajs_anonymous_id'] }, 'a-1'],
    ['_ga=GA1.1.123.456', { cookies: ['_ga'] }, '123.456'],
    ['_ga=GA1.1.123.456', { visitor: 'mine', cookies: ['_ga'] }, 'mine'],
  ]) {
    page.requests.length = 0
    document.cookie = cookie
    await begin(options)
    assert.equal(page.to('/v1/resolve')[0].body.visitor.anonymousId, want)
    client.close()
  }
})

test('a failure is tried again with the same ids, later and later', async () => {
  for (const failure of [{ status: 503 }, { status: 429 }, () => { throw new TypeError('no network') }]) {
    page = openPage()
    page.answer('/v1/resolve', { json: answer() })
    page.answer('/v1/batch', failure)
    await begin()
    client.track('A')
    const times = []
    for (let ms = 0; ms < 20_000 && times.length < 4; ms += 250) {
      await pass(250)
      if (page.to('/v1/batch').length > times.length) times.push(ms)
    }
    assert.equal(times.length, 4)
    const waits = times.slice(1).map((at, i) => at - times[i])
    assert.ok(waits.every((wait, i) => i === 0 || wait > waits[i - 1]), String(waits))
    assert.equal(new Set(sent().map(({ messageId }) => messageId)).size, 1)
    page.answer('/v1/batch', {})
    await pass(60_000)
    const before = page.to('/v1/batch').length
    await pass(120_000)
    assert.equal(page.to('/v1/batch').length, before, 'it has arrived')
    assert.equal(localStorage.getItem('segue.queue'), null)
    client.close()
  }
})

test('Retry-After is heeded', async () => {
  page.answer('/v1/batch', { status: 429, headers: { 'Retry-After': '7' } })
  await begin()
  client.track('A')
  await pass(600)
  await pass(6_900)
  assert.equal(page.to('/v1/batch').length, 1)
  await pass(200)
  assert.equal(page.to('/v1/batch').length, 2)
})

test('what is refused is not sent again, and said', async () => {
  page.answer('/v1/batch', { status: 400 })
  await begin()
  client.track('A')
  await pass(600)
  await pass(120_000)
  assert.equal(page.to('/v1/batch').length, 1)
  assert.equal(console.error.mock.callCount(), 1)
})

test('a signal that makes the question bad costs itself only', async () => {
  page.answer('/v1/resolve', ({ body }) => (body.signals.length ? { status: 400 } : { json: answer({ hero: { variant: 1, entry: 'e', reason: 'segment' } }) }))
  await begin()
  assert.equal((await client.resolve()).slots.hero.variant, 1)
  await pass(600)
  assert.deepEqual(sent().map(({ type }) => type), ['page'])
})

test('of what cannot be sent, the last hundred are kept for another page', async () => {
  await begin()
  page.answers.length = 0
  for (let i = 0; i < 150; i++) client.track('A', { i })
  await pass(600)
  client.close()
  const kept = JSON.parse(localStorage.getItem('segue.queue'))
  assert.equal(kept.length, 100)
  assert.equal(kept.at(-1).properties.i, 149)

  page.answer('/v1/batch', {})
  page.answer('/v1/resolve', { json: answer() })
  page.requests.length = 0
  await begin()
  await pass(2000)
  const ids = page.requests.flatMap(({ body }) => body.batch ?? body.signals).map(({ messageId }) => messageId)
  assert.ok(kept.every(({ messageId }) => ids.includes(messageId)))
  assert.equal(localStorage.getItem('segue.queue'), null)
})

test('two tabs do not lose what the other keeps', async () => {
  const first = await begin()
  page.answers.length = 0
  first.track('A')
  await pass(600)
  const second = createClient({ pageviews: false })
  await turn()
  second.track('B')
  await pass(600)
  const events = () => JSON.parse(localStorage.getItem('segue.queue')).map(({ event }) => event).sort()
  assert.deepEqual(events(), ['A', 'B'])
  second.close()
})

test('what waits when the page is left goes in beacons of at most 64 KiB, or is kept', async () => {
  await begin()
  for (let i = 0; i < 12; i++) client.track('A', { text: 'ü'.repeat(5_000) })
  window.dispatchEvent(new window.Event('pagehide'))
  assert.ok(page.beacons.length > 1)
  for (const { url, body } of page.beacons) {
    assert.equal(url, '/v1/batch')
    assert.ok(Buffer.byteLength(body) <= 65_536)
  }
  assert.equal(page.beacons.flatMap(({ body }) => JSON.parse(body).batch).length, 12)
  await pass(60_000)
  assert.equal(sent().length, 0)

  page.takesBeacons = false
  client.track('B')
  window.dispatchEvent(new window.Event('pagehide'))
  assert.match(localStorage.getItem('segue.queue'), /"B"/)
})

test('an answer is asked for again when it ends by itself', async () => {
  page.answer('/v1/resolve', { json: answer({}, { validUntil: '2026-11-20T16:10:00.000Z' }) })
  await begin()
  const navigations = () => page.to('/v1/resolve').map(({ body }) => body.navigation)
  await pass(599_000)
  await client.resolve()
  assert.equal(navigations().length, 1)
  await pass(2_000)
  assert.equal(new Set(navigations()).size, 2, 'for another instant')
})

test('the state of the server is an answer', async () => {
  client = null
  page = openPage({ html: `<script type="application/json" id="segue-state">${JSON.stringify(answer({}, { visitor: 'v-2' }))}</script>` })
  page.answer('/v1/batch', {})
  await begin()
  assert.equal(client.visitor, 'v-2')
  assert.deepEqual((await client.resolve()).segments, ['high-intent', 'returning'])
  await pass(600)
  assert.equal(page.to('/v1/resolve').length, 0)
  assert.deepEqual(sent().map(({ type, anonymousId }) => [type, anonymousId]), [['page', 'v-2']])
})

test('consent by purpose goes along, and denied is denied', async () => {
  await begin({ consent: { personalization: false } })
  const { body } = page.to('/v1/resolve')[0]
  const want = { categoryPreferences: { personalization: false } }
  assert.deepEqual(body.context.consent, want)
  assert.deepEqual(body.signals[0].context.consent, want)
  client.consent(false)
  client.track('A')
  await pass(600)
  assert.equal(sent().length, 0)
  assert.equal(localStorage.getItem('segue.id'), null)
})

test('identify goes along until reset', async () => {
  await begin()
  client.identify('u-1', { plan: 'pro' })
  client.track('A')
  page.answer('/v1/resolve', { json: answer({}, { visitor: 'v-2' }) })
  client.reset()
  client.track('B')
  await pass(600)
  const { body } = page.to('/v1/resolve').at(-1)
  const [identify, a] = body.signals
  assert.deepEqual([identify.type, identify.traits, identify.userId, a.userId], ['identify', { plan: 'pro' }, 'u-1', 'u-1'])
  assert.equal(a.anonymousId, 'v-1', 'what was before belongs to who was before')
  const [b] = sent()
  assert.deepEqual([b.event, b.userId, b.anonymousId], ['B', undefined, 'v-2'])
})

test('slots show templates, renderers and nothing', async () => {
  page = openPage({ html: `<!doctype html>
    <segue-slot name="a">A<template data-variant="a1"><b>A1</b></template></segue-slot>
    <segue-slot name="b">B</segue-slot> <segue-slot name="c">C</segue-slot> <segue-slot name="d">D</segue-slot> <segue-slot name="e">E</segue-slot>` })
  globalThis.getComputedStyle = () => ({ visibility: 'hidden' })
  const entry = { sys: { id: 'b1', type: 'Entry', contentType: { sys: { id: 'hero' } } }, fields: { headline: '<i>B1</i>' } }
  page.answer('/v1/resolve', { json: answer({
    a: { variant: 1, entry: 'a1', experience: 'x', reason: 'segment' }, b: { variant: 1, entry: 'b1', experience: 'x', reason: 'segment' },
    c: { variant: 1, hidden: true, experience: 'x', reason: 'segment' }, d: { variant: 1, entry: 'd1', experience: 'x', reason: 'segment' },
    e: { variant: 0, entry: 'e', experience: 'y', reason: 'holdout' },
  }, { page: { sys: {}, fields: { sections: [entry] } } }) })
  page.answer('/v1/batch', {})
  const told = {}
  document.addEventListener('segue:resolved', ({ detail }) => { told[detail.name] = detail.reason })
  client = createClient({ page: 'page:home' })
  defineSlots(client)
  client.render('hero', ({ fields }) => [document.createTextNode(fields.headline)])
  await turn()
  const shown = Object.fromEntries([...document.querySelectorAll('segue-slot')].map(slot => [slot.getAttribute('name'), [slot.textContent, slot.getAttribute('variant')]]))
  assert.deepEqual(shown, { a: ['A1', '1'], b: ['<i>B1</i>', '1'], c: ['', '1'], d: ['D', '0'], e: ['E', '0'] })
  assert.deepEqual(told, { a: 'segment', b: 'segment', c: 'segment', d: 'no-variant', e: 'holdout' })
  assert.equal(console.error.mock.callCount(), 1, 'nothing shows d1')

  page.watched.forEach(({ see }) => { see(); see() })
  await pass(1000)
  await pass(600)
  const exposures = sent().filter(({ type }) => type === 'component')
  assert.deepEqual(exposures.map(({ componentId, experienceId, variantIndex }) => [componentId, experienceId, variantIndex]),
    [['a1', 'x', 1], ['b1', 'x', 1], ['c', 'x', 1], ['e', 'y', 0]])
})
