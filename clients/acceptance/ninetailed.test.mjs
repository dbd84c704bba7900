// The SDKs of Contentful Personalization work with Segue when `url` is its
// address:
//
//     new NinetailedApiClient({ clientId, environment, url: 'https://site/experience' })
//
// Their own validators judge every answer here.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { Agent, request } from 'node:http'
import { test } from 'node:test'
import {
  buildComponentViewEvent, buildIdentifyEvent, buildPageEvent, buildTrackEvent, isExperienceMatch, NinetailedApiClient, selectDistribution,
} from '@ninetailed/experience.js-shared'
import { NinetailedAPIClient } from '@ninetailed/experience.js-node'
import { AudienceMapper, ExperienceMapper } from '@ninetailed/experience.js-utils-contentful'
import { readFileSync } from 'node:fs'

const { url, experiences } = JSON.parse(process.env.PERSONALIZATION)
const client = (prefix = '/experience') => new NinetailedApiClient({ clientId: 'org1', environment: 'main', url: url + prefix })

const CHROME = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36'
const ctx = { url: 'https://shop.example/kettles?utm_source=news&a=1', referrer: 'https://search.example/', locale: 'en-US', userAgent: CHROME }
const made = () => ({ messageId: randomUUID(), timestamp: Date.now(), ctx })
const page = () => buildPageEvent({ ...made(), properties: {} })
const track = event => buildTrackEvent({ ...made(), event, properties: { product_id: 'crane-kettle' } })
const identify = (userId, traits) => buildIdentifyEvent({ ...made(), userId, traits })

test('a profile is created, updated and read', async () => {
  for (const prefix of ['', '/', '/experience', '/experience/']) {
    const api = client(prefix)
    const created = await api.createProfile({ events: [page()] })
    const { id } = created.profile
    assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    assert.equal(created.profile.stableId, id)
    assert.ok(created.profile.random >= 0 && created.profile.random <= 1)
    assert.deepEqual(created.profile.session.landingPage, {
      path: '/kettles', query: { utm_source: 'news', a: '1' }, referrer: ctx.referrer, search: '?utm_source=news&a=1', url: ctx.url,
    })
    const updated = await api.updateProfile({ profileId: id, events: [identify('', { plan: 'pro', nested: { n: 1, b: true } })] })
    assert.deepEqual(updated.profile.traits, { plan: 'pro', nested: { n: 1, b: true } })
    assert.equal(updated.profile.id, id)
    assert.deepEqual(await api.getProfile(id), updated)
  }
})

test('an id that a server made up is a profile from then on; asked for before, it is none', async () => {
  const id = randomUUID()
  await assert.rejects(client().getProfile(id), /404/)
  const { profile } = await client().updateProfile({ profileId: id, events: [page()] }, { plainText: false })
  assert.equal(profile.id, id)
  assert.equal((await client().getProfile(id)).profile.id, id)
})

test('a preflight is the whole answer and leaves nothing', async () => {
  const id = randomUUID()
  const events = [page(), track('Product Added')]
  const before = await client().updateProfile({ profileId: id, events }, { preflight: true, locale: 'de-DE', ip: '203.0.113.9', enabledFeatures: ['location'] })
  await assert.rejects(client().getProfile(id), /404/)
  const after = await client().updateProfile({ profileId: id, events })
  assert.deepEqual(before, after)
})

test('experiences are sorted without regard to case, and what is hidden is an empty text', async () => {
  const { experiences: got, changes } = await client().createProfile({ events: [page()] })
  const ids = got.map(e => e.experienceId)
  assert.deepEqual(ids, ids.toSorted((a, b) => a.toLowerCase() < b.toLowerCase() ? -1 : 1))
  const of = id => got.find(e => e.experienceId === id)
  assert.deepEqual(of('hidden-guide'), { experienceId: 'hidden-guide', variantIndex: 1, variants: { 'home-guide': '' }, sticky: false })
  assert.equal(of('sticky-hero').sticky, true)
  assert.deepEqual(of('flags').variants, {})
  assert.deepEqual(Object.fromEntries(changes.filter(c => c.meta.experienceId === 'flags').map(c => [c.key, c.value])), {
    headline: 'Back again', limits: { value: { items: 5 } }, enabled: true, count: 2,
  })
})

test('what is sticky stays once it was seen, and only then', async () => {
  const { profile: { id } } = await client().createProfile({ events: [page()] })
  const reason = async () => {
    const res = await fetch(`${url}/v2/organizations/org1/environments/main/profiles/${id}`)
    return (await res.json()).data.experiences.find(e => e.experienceId === 'sticky-hero').reason
  }
  assert.equal(await reason(), 'everyone')
  const seen = buildComponentViewEvent({ ...made(), componentId: 'hero-refills', experienceId: 'sticky-hero', variantIndex: 1 })
  delete seen.componentType
  await client().updateProfile({ profileId: id, events: [seen] })
  assert.equal(await reason(), 'sticky')
})

test('events of many visitors are taken at once', async () => {
  const ids = Array.from({ length: 60 }, () => randomUUID())
  const events = ids.flatMap(anonymousId => [{ ...page(), anonymousId }, { ...identify('', { plan: anonymousId.slice(0, 4) }), anonymousId }])
  const profiles = await client().upsertManyProfiles({ events })
  assert.deepEqual(profiles.map(p => p.id), ids)
  for (const p of profiles) assert.deepEqual(p.traits, { plan: p.id.slice(0, 4) })
})

test('the SDK for Node identifies and tracks', async () => {
  const node = new NinetailedAPIClient({ clientId: 'org1', environment: 'main', url: `${url}/experience` })
  const id = `node-${randomUUID()}`
  await node.sendIdentifyEvent(id, { plan: 'pro' })
  await node.sendTrackEvent(id, 'Order Completed', { total: 5 })
  const { profile } = await client().getProfile(id)
  assert.deepEqual(profile.traits, { plan: 'pro' })
})

test('a visitor who says who they are is one with whom they were before', async () => {
  const userId = `u-${randomUUID()}`
  const first = await client().createProfile({ events: [page(), identify(userId, { plan: 'pro' })] })
  const second = await client().createProfile({ events: [page()] })
  const merged = await client().updateProfile({ profileId: second.profile.id, events: [identify(userId, { again: true })] })
  assert.equal(merged.profile.id, second.profile.id, 'the browser keeps its id')
  const { stableId } = (await client().getProfile(first.profile.id)).profile
  assert.equal(merged.profile.stableId, stableId)
  assert.equal(merged.profile.random, (await client().getProfile(first.profile.id)).profile.random)
  assert.deepEqual(merged.profile.traits, { plan: 'pro', again: true })
  assert.deepEqual((await client().getProfile(second.profile.id)).profile.traits, { plan: 'pro', again: true })
})

test('an erased profile is gone', async () => {
  const { profile: { id } } = await client().createProfile({ events: [page()] })
  const res = await fetch(`${url}/experience/v2/organizations/org1/environments/main/profiles/${id}`, { method: 'DELETE' })
  assert.equal(res.status, 200)
  await assert.rejects(client().getProfile(id), /404/)
})

// post asks as fetch does, at a third of its cost.
const agent = new Agent({ keepAlive: true, maxSockets: 16 })
const post = (target, body) => new Promise((resolve, reject) => {
  const req = request(target, { method: 'POST', agent }, res => {
    const parts = []
    res.on('data', part => parts.push(part))
    res.on('end', () => resolve(JSON.parse(Buffer.concat(parts))))
  })
  req.on('error', reject)
  req.end(body)
})

test('the SDK agrees with our assignment of 10,000 visitors', async () => {
  const mapped = experiences.filter(e => e.components.length > 0).map(e => ExperienceMapper.mapExperience({
    sys: { id: e.id },
    fields: {
      nt_name: e.id, nt_type: 'nt_experiment', nt_experience_id: e.id,
      nt_config: {
        traffic: e.traffic, distribution: e.distribution,
        components: e.components.map(c => ({
          type: 'EntryReplacement', baseline: { id: c.baseline }, variants: c.variants.map(v => ({ id: v === 'hidden' ? '' : v, hidden: v === 'hidden' })),
        })),
      },
      nt_variants: e.components.flatMap(c => c.variants).filter(v => v !== 'hidden').map(id => ({ sys: { id }, fields: {} })),
    },
  }))
  const body = JSON.stringify({ events: [page()] })
  let asked = 0
  const counts = {}
  const ask = async () => {
    while (asked++ < 10_000) {
      const { data: { profile, experiences: got } } = await post(`${url}/v2/organizations/o/environments/main/profiles/${randomUUID()}?type=preflight`, body)
      for (const experience of mapped) {
        const ours = got.find(e => e.experienceId === experience.id)
        assert.equal(Boolean(ours), isExperienceMatch({ experience, profile }), `${experience.id} takes in ${profile.stableId}`)
        if (!ours) continue
        assert.equal(ours.variantIndex, selectDistribution({ experience, profile }).index, `${experience.id} gives ${profile.stableId}`)
        const { baseline, variants: [...variants] } = experience.components[0]
        const shown = [baseline, ...variants][ours.variantIndex]
        assert.equal(ours.variants[baseline.id], shown.hidden ? '' : shown.id)
        counts[`${experience.id} ${ours.variantIndex}`] = (counts[`${experience.id} ${ours.variantIndex}`] ?? 0) + 1
      }
    }
  }
  await Promise.all(Array.from({ length: 16 }, ask))
  agent.destroy()
  assert.equal(counts['nobody 1'], undefined)
  for (const index of [0, 1, 2]) assert.ok(Math.abs(counts[`abc ${index}`] - 10_000 / 3) < 300, JSON.stringify(counts))
})

test('the mappers of Contentful take the model of our example', () => {
  const space = JSON.parse(readFileSync('../../examples/storefront/space.json', 'utf8'))
  const plain = entry => ({ sys: entry.sys, fields: Object.fromEntries(Object.entries(entry.fields).map(([k, v]) => [k, v['en-US']])) })
  const byID = new Map(space.entries.map(e => [e.sys.id, plain(e)]))
  const of = type => [...byID.values()].filter(e => e.sys.contentType.sys.id === type)
  for (const audience of of('nt_audience')) {
    assert.ok(AudienceMapper.isAudienceEntry(audience), audience.sys.id)
    assert.equal(AudienceMapper.mapAudience(audience).id, audience.fields.nt_audience_id)
  }
  for (const entry of of('nt_experience')) {
    const { nt_variants: variants = [], nt_audience: audience } = entry.fields
    const resolved = { ...entry, fields: { ...entry.fields, nt_variants: variants.map(l => byID.get(l.sys.id)), ...audience && { nt_audience: byID.get(audience.sys.id) } } }
    assert.ok(ExperienceMapper.isExperienceEntry(resolved), entry.sys.id)
    assert.equal(ExperienceMapper.mapExperience(resolved).id, entry.fields.nt_experience_id)
  }
})
