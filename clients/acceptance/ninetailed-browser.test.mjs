// The browser SDK of Contentful Personalization and its plugins work with Segue
// when `url` is its address:
//
//     new Ninetailed({ clientId, environment }, { url: 'https://site/experience', plugins: [
//       new NinetailedInsightsPlugin({ url: 'https://site/insights' }), new NinetailedSsrPlugin(), new NinetailedPrivacyPlugin(),
//     ] })

import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { afterEach, beforeEach, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { beacons, comeBack, forget, leave, requests, show, window } from './lib/browser.mjs'

const require = createRequire(import.meta.url)
const { Ninetailed } = require('@ninetailed/experience.js')
const { NinetailedInsightsPlugin } = require('@ninetailed/experience.js-plugin-insights')
const { NinetailedPrivacyPlugin } = require('@ninetailed/experience.js-plugin-privacy')
const { NinetailedSsrPlugin } = require('@ninetailed/experience.js-plugin-ssr')

const { url } = JSON.parse(process.env.PERSONALIZATION)
const open = (plugins = [], options = {}) => new Ninetailed(
  { clientId: 'org1', environment: 'main' }, { url: `${url}/experience`, plugins, componentViewTrackingThreshold: 50, onLog: () => {}, onError: () => {}, ...options },
)

/** The profile that Segue has, null for none. */
const stored = async id => {
  const res = await fetch(`${url}/v2/organizations/org1/environments/main/profiles/${id}`)
  return res.status === 404 ? null : (await res.json()).data
}

/** Why a visitor is in an experience, or not, as Segue tells. */
const reason = async (id, experience) => (await stored(id)).experiences.find(e => e.experienceId === experience).reason

/** Waits until look returns something. */
const until = async look => {
  for (let n = 0; n < 200; n++) {
    const found = await look()
    if (found) return found
    await pause(25)
  }
  assert.fail(`never: ${look}`)
}

const idOf = async () => until(() => window.localStorage.getItem('__nt_anonymous_id__')?.replaceAll('"', ''))

beforeEach(() => { forget(); comeBack(); requests.length = 0; beacons.length = 0 })
afterEach(() => { assert.deepEqual(requests.filter(r => !r.url.startsWith(url)), [], 'nobody else is asked') })

test('page, track and identify reach the profile', async () => {
  const sdk = open()
  assert.ok((await sdk.page()).success)
  const id = await idOf()
  assert.ok((await sdk.track('Product Added', { product_id: 'crane-kettle' })).success)
  assert.ok((await sdk.identify('', { plan: 'pro' })).success)
  const { profile } = sdk.profileState
  assert.equal(profile.id, id)
  assert.deepEqual(profile.traits, { plan: 'pro' })
  assert.equal(profile.session.landingPage.url, 'https://shop.example/home?utm_source=news')
  assert.equal(requests[0].headers['content-type'], 'text/plain')
  const { id: storedID, traits } = (await stored(id)).profile
  assert.deepEqual([storedID, traits], [id, profile.traits])
})

test('the variant that Segue chose is shown, and flags change', async () => {
  const sdk = open()
  const component = (id, variant) => ({ type: 'EntryReplacement', baseline: { id }, variants: [variant] })
  const experience = (id, c) => ({ id, type: 'nt_personalization', name: id, trafficAllocation: 1, distribution: [{ index: 0, start: 0, end: 0 }, { index: 1, start: 0, end: 1 }], sticky: false, components: [c] })
  let hero, guide, changes
  sdk.onSelectVariant({ baseline: { id: 'home-hero' }, experiences: [experience('sticky-hero', component('home-hero', { id: 'hero-refills' }))] }, s => { hero = s })
  sdk.onSelectVariant({ baseline: { id: 'home-guide' }, experiences: [experience('hidden-guide', component('home-guide', { id: '', hidden: true }))] }, s => { guide = s })
  sdk.onChangesChange(s => { changes = s.changes })
  await sdk.page()
  await until(() => hero?.variant?.id === 'hero-refills' && guide?.variant?.hidden && changes?.length)
  assert.equal(hero.variantIndex, 1)
  assert.equal(hero.experience.sticky, true, 'as Segue says')
  const flags = Object.fromEntries(changes.filter(c => c.meta.experienceId === 'flags').map(c => [c.key, c.value]))
  assert.deepEqual(flags, { headline: 'Back again', limits: { value: { items: 5 } }, enabled: true, count: 2 })
})

test('what is sticky is told with the next events and then kept', async () => {
  const sdk = open()
  await sdk.page()
  const id = await idOf()
  assert.equal(await reason(id, 'sticky-hero'), 'everyone')
  void sdk.trackStickyComponentView({ experienceId: 'sticky-hero', componentId: 'hero-refills', variantIndex: 1 })
  await sdk.track('Step')
  assert.equal(await reason(id, 'sticky-hero'), 'sticky')
})

test('a reset begins anew', async () => {
  const sdk = open()
  await sdk.page()
  const before = await idOf()
  await sdk.reset()
  const after = await until(async () => { const id = sdk.profileState.profile?.id; return id && id !== before && id })
  assert.notEqual(after, before)
  assert.ok(await stored(before), 'the profile of before is left as it is')
})

test('views and clicks are sent with the insights plugin, at the latest as the page is left', async () => {
  const sdk = open([new NinetailedInsightsPlugin({ url: `${url}/insights` })])
  await sdk.page()
  const id = await idOf()
  const element = window.document.createElement('section')
  window.document.querySelector('main').append(element)
  const experience = { id: 'sticky-hero', type: 'nt_personalization', sticky: true, components: [], trafficAllocation: 1, distribution: [] }
  sdk.observeElement({ element, experience, audience: { id: 'everyone' }, variant: { id: 'hero-refills' }, variantIndex: 1, componentType: 'Entry' }, { trackClicks: true })
  show(element)
  await pause(150)
  element.dispatchEvent(new window.MouseEvent('click', { bubbles: true }))
  show(element, false)
  await pause(100)
  leave()
  await until(() => beacons.length)
  for (const sent of await Promise.all(beacons)) assert.equal(sent.status, 204)
  const sent = requests.filter(r => r.url.includes('/insights/'))
  assert.ok(sent.every(r => r.url === `${url}/insights/v1/organizations/org1/environments/main/events`))
  const events = sent.flatMap(r => r.body).flatMap(batch => batch.events)
  assert.ok(events.some(e => e.type === 'component'), JSON.stringify(events))
  assert.ok(sent.some(r => r.headers['content-type'] === 'text/plain'), 'a beacon')
  await until(async () => await reason(id, 'sticky-hero') === 'sticky')
})

test('the cookie of the SSR plugin names the profile', async () => {
  const sdk = open([new NinetailedSsrPlugin()])
  await sdk.page()
  const id = sdk.profileState.profile.id
  assert.match(window.document.cookie, new RegExp(`ntaid=${id}`))
  window.localStorage.clear()
  const next = open([new NinetailedSsrPlugin()])
  await next.page()
  assert.equal(next.profileState.profile.id, id, 'a page that a server rendered goes on with it')
})

test('before consent little is told, and after it all', async () => {
  const sdk = open([new NinetailedPrivacyPlugin()])
  await sdk.page()
  const id = await until(() => sdk.profileState.profile?.id)
  await sdk.identify('u-secret', { plan: 'pro' })
  assert.deepEqual((await stored(id)).profile.traits, {})
  const features = requests.filter(r => r.body?.options).map(r => r.body.options.features ?? [])
  assert.deepEqual(features.flat(), [], 'not even where they are')
  window.ninetailed.consent(true)
  await pause(50) // the plugin takes the word a moment later
  await sdk.identify('', { plan: 'pro' })
  await until(async () => (await stored(id)).profile.traits.plan === 'pro')
})
