// An editor's path: what is done in Contentful, here with contentful-management,
// is what the next visitor sees.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { createClient } from 'contentful-management'

const at = JSON.parse(process.env.EDITING)
const seconds = parseFloat(at.poll)

const client = createClient(
  { accessToken: 'management', host: at.cms, basePath: '/cma', insecure: true },
  { type: 'plain', defaults: { spaceId: 'space', environmentId: 'master' } },
)

/** What a visitor who is about to buy is shown of the home page. */
async function shown(segue) {
  const answer = await fetch(new URL('/v1/resolve', segue), {
    method: 'POST',
    body: JSON.stringify({
      visitor: 'buyer', page: 'page:home',
      signals: ['Product Added', 'Cart Viewed', 'Checkout Started'].map((event) => ({ type: 'track', event, messageId: event })),
    }),
  })
  return answer.ok ? await answer.json() : undefined
}

const sections = (answer) => answer.page.fields.sections
const section = (answer, slot) => sections(answer).find((s) => s.sys.id === slot || s.sys.segue?.baseline === slot)

/** The answer as soon as it is as it should be, which must be within so many ms. */
async function within(ms, segue, isSo) {
  const end = performance.now() + ms
  for (;;) {
    const answer = await shown(segue)
    if (answer && isSo(answer)) return answer
    assert.ok(performance.now() < end, `not so within ${ms} ms: ${JSON.stringify(answer?.slots)}`)
    await pause(10)
  }
}

/** Waits until both servers show what they should: at once, and after polling. */
const everywhere = (isSo) => Promise.all([within(1000, at.told, isSo), within(seconds * 1000 + 1000, at.polls, isSo)])

/** Changes fields of an entry and publishes it. */
async function edit(entryId, change) {
  const entry = await client.entry.get({ entryId })
  change(entry.fields)
  await client.entry.publish({ entryId }, await client.entry.update({ entryId }, entry))
}

const link = (id) => ({ sys: { type: 'Link', linkType: 'Entry', id } })

test('the space is mirrored, and calls one of the servers', async () => {
  const start = (segue) => within(30_000, segue, (a) => section(a, 'home-hero').sys.id === 'hero-finish-order')
  await Promise.all([start(at.told), start(at.polls)])
  await client.webhook.create({}, {
    name: 'Segue', url: new URL('/webhooks/contentful', at.told).href, topics: ['*.*'], headers: [], active: true,
  })
  await client.raw.put('/spaces/space/webhook_settings/signing_secret', { value: at.secret })
})

test('what is published is shown', async () => {
  await edit('hero-finish-order', (fields) => { fields.headline['en-US'] = 'Nearly yours' })
  await everywhere((a) => section(a, 'home-hero').fields.headline === 'Nearly yours')
})

test('what is only saved is not', async () => {
  const entry = await client.entry.get({ entryId: 'hero-finish-order' })
  entry.fields.headline['en-US'] = 'A draft'
  await client.entry.update({ entryId: entry.sys.id }, entry)
  await edit('promo-today', (fields) => { fields.text['en-US'] = 'Free delivery' })
  const [told] = await everywhere((a) => JSON.stringify(a.page).includes('Free delivery'))
  assert.equal(section(told, 'home-hero').fields.headline, 'Nearly yours')
})

test('a variant that is no longer published leaves the baseline, never a gap', async () => {
  const before = await shown(at.told)
  await client.entry.unpublish({ entryId: 'hero-finish-order' })
  const answers = await everywhere((a) => a.slots['home-hero'].variant === 0)
  for (const answer of answers) {
    assert.equal(answer.slots['home-hero'].reason, 'no-variant')
    assert.equal(section(answer, 'home-hero').sys.id, 'home-hero')
    assert.equal(sections(answer).length, sections(before).length)
  }
  const entry = await client.entry.get({ entryId: 'hero-finish-order' })
  await client.entry.publish({ entryId: entry.sys.id }, entry)
  await everywhere((a) => section(a, 'home-hero').fields.headline === 'A draft')
})

test('a segment is mapped to a new variant of another component', async () => {
  const guide = await client.entry.get({ entryId: 'home-guide' })
  const of = (contentTypeId, entryId, fields) =>
    client.entry.createWithId({ contentTypeId, entryId }, { fields }).then((e) => client.entry.publish({ entryId }, e))
  const { nt_experiences: attached, ...fields } = guide.fields
  await of('guideTeaser', 'guide-delivery', { ...fields, headline: { 'en-US': 'When it will be there' } })
  await of('nt_experience', 'exp-delivery', {
    nt_name: { 'en-US': 'Delivery for those about to buy' },
    nt_experience_id: { 'en-US': 'exp-delivery' },
    nt_type: { 'en-US': 'nt_personalization' },
    nt_audience: { 'en-US': link('audience-high-intent') },
    nt_variants: { 'en-US': [link('guide-delivery')] },
    nt_config: {
      'en-US': {
        traffic: 1, distribution: [0, 1],
        components: [{ baseline: { id: 'home-guide' }, variants: [{ id: 'guide-delivery', hidden: false }] }],
      },
    },
  })
  await edit('home-guide', (fields) => {
    fields.nt_experiences = { 'en-US': [link('exp-delivery'), ...(attached?.['en-US'] ?? [])] }
  })
  const answers = await everywhere((a) => section(a, 'home-guide')?.fields.headline === 'When it will be there')
  for (const answer of answers) assert.equal(answer.slots['home-guide'].experience, 'exp-delivery')
})
