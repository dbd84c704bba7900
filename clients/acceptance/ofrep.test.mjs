// OpenFeature's providers for its Remote Evaluation Protocol, in Node.

import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, test } from 'node:test'
import { OpenFeature as Server } from '@openfeature/server-sdk'
import { OFREPProvider } from '@openfeature/ofrep-provider'
import { OpenFeature as Web, ProviderEvents } from '@openfeature/web-sdk'
import { OFREPWebProvider } from '@openfeature/ofrep-web-provider'
import { EventSource } from 'eventsource'

const at = JSON.parse(process.env.OFREP)
globalThis.EventSource = EventSource

/** What a browser keeps between two page views. */
const kept = new Map()
globalThis.localStorage = {
  getItem: key => kept.get(key) ?? null,
  setItem: (key, value) => kept.set(key, value),
  removeItem: key => kept.delete(key),
}

afterEach(async () => {
  await Web.close()
  await Web.clearContexts()
  kept.clear()
})

/** The statuses of the evaluations that a provider asked for. */
const statuses = []

/** Starts the web provider for a context and returns the client. */
async function web(context, options = {}) {
  statuses.length = 0
  const fetchImplementation = async (...args) => {
    const answer = await fetch(...args)
    statuses.push(answer.status)
    return answer
  }
  await Web.setContext(context)
  await Web.setProviderAndWait(new OFREPWebProvider({
    baseUrl: at.url, headers: [['Authorization', 'Bearer pk_1']], cacheMode: 'disabled', fetchImplementation, ...options,
  }))
  return Web.getClient()
}

/** Resolves with the details of the next event of a kind, or fails after a while. */
function next(client, kind, within = 20_000) {
  return new Promise((resolve, reject) => {
    const patience = setTimeout(() => reject(new Error(`no ${kind} within ${within} ms`)), within)
    const handler = details => {
      clearTimeout(patience)
      client.removeHandler(kind, handler)
      resolve(details)
    }
    client.addHandler(kind, handler)
  })
}

async function track(anonymousId, event, properties = {}) {
  const answer = await fetch(`${at.url}/v1/track`, { method: 'POST', body: JSON.stringify({ anonymousId, event, properties }) })
  assert.equal(answer.status, 200)
}

test('the provider for browsers has flags of all types', async () => {
  const client = await web({ targetingKey: 'buyer-ana', page: 'page:home' })
  const intent = client.getBooleanDetails('segment.high-intent', false)
  assert.deepEqual([intent.value, intent.variant, intent.reason, intent.errorCode], [true, 'in', 'TARGETING_MATCH', undefined])
  assert.match(intent.flagMetadata.ruleVersion, /^v/)
  assert.equal(client.getBooleanDetails('segment.browser', true).reason, 'STATIC')
  const hero = client.getObjectDetails('slot.home-hero', {})
  assert.equal(hero.value.entryId, 'hero-finish-order')
  assert.deepEqual(hero.value.segments, ['high-intent'])
  assert.equal(client.getStringValue('variant.home-hero', ''), 'hero-finish-order')
  assert.equal(client.getStringValue('variant.home-guide', ''), 'hidden')
  assert.equal(client.getStringValue('variable.basketButton', ''), 'Finish my order')
  assert.match(client.getStringValue('personalization.key', ''), /^[\w-]+$/)
  const missing = client.getStringDetails('slot.nowhere', 'mine')
  assert.deepEqual([missing.value, missing.errorCode], ['mine', 'FLAG_NOT_FOUND'])
})

test('a change of context gets the flags of the other visitor', async () => {
  const client = await web({ targetingKey: 'buyer-ana' })
  assert.equal(client.getBooleanValue('segment.comparison-shopper', false), false)
  await Web.setContext({ targetingKey: 'comparer-cem' })
  assert.equal(client.getBooleanValue('segment.comparison-shopper', false), true)
  // The same visitor elsewhere: the provider sends the tag of the context before.
  await Web.setContext({ targetingKey: 'comparer-cem', page: 'page:grinders' })
  assert.equal(client.getStringDetails('variant.home-hero', '').errorCode, 'FLAG_NOT_FOUND')
  assert.notEqual(client.getStringValue('variant.grinders-banner', ''), '')
  assert.deepEqual(statuses, [200, 200, 200])
})

test('what has not changed is not sent again', async () => {
  await web({ targetingKey: 'buyer-ana' })
  await Web.setContext({ targetingKey: 'buyer-ana' })
  assert.deepEqual(statuses, [200, 304])
})

test('a signal changes the flags of an open page', async () => {
  const client = await web({ targetingKey: 'streamed-sue', page: 'page:home' })
  assert.equal(client.getBooleanValue('segment.high-intent', false), false)
  const changed = next(client, ProviderEvents.ConfigurationChanged)
  await track('streamed-sue', 'Product Added', { product_id: 'crane-kettle' })
  await track('streamed-sue', 'Cart Viewed')
  const { flagsChanged } = await changed
  assert.ok(flagsChanged.includes('segment.high-intent') && flagsChanged.includes('slot.home-hero'), flagsChanged)
  assert.ok(!flagsChanged.includes('segment.browser'))
  assert.equal(client.getBooleanValue('segment.high-intent', false), true)
})

test('an edited rule changes the flags of an open page', async () => {
  const file = join(at.segments, 'browser.yaml')
  const rule = await readFile(file, 'utf8')
  const client = await web({ targetingKey: 'edited-eve' })
  const changed = next(client, ProviderEvents.ConfigurationChanged)
  await writeFile(file, rule + `
---
segment: everybody
name: Everybody
soWhat: Shows that an edit is told
when: { not: { count: { of: Never Sent } } }
`)
  const { flagsChanged } = await changed
  assert.deepEqual(flagsChanged.filter(key => key.startsWith('segment.')), ['segment.everybody'])
  assert.equal(client.getBooleanValue('segment.everybody', false), true)
  await writeFile(file, rule)
})

test('a page that is opened offline has the flags of the last time', async () => {
  const context = { targetingKey: 'buyer-ana', page: 'page:home' }
  await web(context, { cacheMode: 'local-cache-first' })
  await Web.close()
  assert.equal(kept.size, 1)
  const offline = () => Promise.reject(new Error('offline'))
  const client = await web(context, { cacheMode: 'local-cache-first', fetchImplementation: offline })
  const hero = client.getStringDetails('variant.home-hero', '')
  assert.deepEqual([hero.value, hero.reason], ['hero-finish-order', 'CACHED'])
})

test('a page that comes back with flags of another time gets those of now', async () => {
  const context = { targetingKey: 'returning-rob', page: 'page:home' }
  await web(context, { cacheMode: 'local-cache-first' })
  await Web.close()
  await track('returning-rob', 'Product Added')
  await track('returning-rob', 'Cart Viewed')
  const client = await web(context, { cacheMode: 'local-cache-first' })
  if (client.getBooleanDetails('segment.high-intent', false).reason === 'CACHED') {
    await next(client, ProviderEvents.ConfigurationChanged)
  }
  assert.equal(client.getBooleanValue('segment.high-intent', false), true)
})

test('without a visitor the provider does not start', async () => {
  await assert.rejects(web({}), /status: 400/)
})

test('the provider for servers evaluates flags of all types, one by one', async () => {
  await Server.setProviderAndWait(new OFREPProvider({ baseUrl: at.url, headers: [['Authorization', 'Bearer pk_1']] }))
  const client = Server.getClient()
  const ana = { targetingKey: 'buyer-ana', country: 'DE', page: 'page:home' }
  const intent = await client.getBooleanDetails('segment.high-intent', false, ana)
  assert.deepEqual([intent.value, intent.variant, intent.reason], [true, 'in', 'TARGETING_MATCH'])
  assert.equal(await client.getBooleanValue('segment.high-intent', true, { targetingKey: 'browser-bea' }), false)
  assert.equal((await client.getObjectValue('slot.home-hero', {}, ana)).entryId, 'hero-finish-order')
  assert.equal(await client.getStringValue('variable.basketButton', '', ana), 'Finish my order')
  const fails = async (key, context) => (await client.getBooleanDetails(key, true, context)).errorCode
  assert.equal(await fails('segment.nobody', ana), 'FLAG_NOT_FOUND')
  assert.equal(await fails('segment.high-intent', {}), 'TARGETING_KEY_MISSING')
  assert.equal(await fails('segment.high-intent', { ...ana, page: 'page:nowhere' }), 'INVALID_CONTEXT')
  assert.equal(await fails('variable.basketButton', ana), 'TYPE_MISMATCH')
  await Server.close()
})
