// contentful.js reads the stand-in: every kind of request that it sends.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createClient } from 'contentful'

const url = new URL(process.env.READING_URL)

const at = (basePath, accessToken, more = {}) =>
  createClient({ space: 's', accessToken, host: url.host, basePath, insecure: true, ...more })
const cda = at('/cda', 'delivery')
const cpa = at('/cpa', 'preview')

const post = async (path) => assert.equal((await fetch(new URL(path, url), { method: 'POST' })).status, 200)
const ids = (list) => list.map((item) => item.sys.id)

/** What fails with an error that the SDK names. */
const fails = (promise, name, status) =>
  assert.rejects(promise, (error) => {
    assert.equal(error.name, name)
    assert.equal(JSON.parse(error.message).status, status)
    return true
  })

test('the space', async () => {
  const space = await cda.getSpace()
  assert.equal(space.sys.id, 's')
  assert.deepEqual(space.locales.map((l) => l.code), ['en', 'de', 'fr'])
})

test('entries, with their links resolved at any depth', async () => {
  const { items, total, errors } = await cda.getEntries({ content_type: 'page', 'fields.slug': '/', include: 10, limit: 2 })
  assert.equal(total, 1)
  const [home] = items
  assert.equal(home.sys.locale, 'en')
  assert.equal(home.fields.title, 'Home')
  assert.equal(home.fields.picture.fields.file.url, '//images.example.com/logo.png')
  assert.equal(home.fields.parts[0].fields.parts[0].sys.id, 'about')
  assert.equal(home.fields.parts[0].fields.parts[0].fields.parts[0], home, 'in a circle')
  assert.deepEqual(home.fields.parts[1], { sys: { type: 'Link', linkType: 'Entry', id: 'draft' } })
  assert.equal(home.fields.body.content[0].content[1].data.target.fields.title, 'About us', 'in rich text')
  assert.equal(errors.length, 3)
})

test('one entry, which is a query by its id', async () => {
  const hero = await cda.getEntry('hero', { include: 3 })
  assert.equal(hero.fields.parts[0].fields.parts[0].fields.title, 'Home')
  await assert.rejects(cda.getEntry('draft'), { message: 'The resource could not be found.' })
})

test('links as they are, or without those that lead nowhere', async () => {
  const links = await cda.withoutLinkResolution.getEntry('home')
  assert.equal(links.fields.parts[0].sys.type, 'Link')
  const resolved = await cda.withoutUnresolvableLinks.getEntry('home')
  assert.deepEqual(ids(resolved.fields.parts), ['hero', 'hero'])
})

test('all locales, one of them, and fallbacks', async () => {
  const all = await cda.withAllLocales.getEntry('about')
  assert.deepEqual(all.fields.title, { en: 'About us', de: 'Über uns' })
  assert.equal(all.fields.parts.en[0].fields.title.de, 'Startseite')
  assert.equal(all.sys.locale, undefined)
  assert.equal((await cda.getEntry('about', { locale: 'de' })).fields.title, 'Über uns')
  assert.equal((await cda.getEntry('hero', { locale: 'de' })).fields.title, 'Hero', 'by fallback')
  const french = await cda.getEntry('home', { locale: 'fr' })
  assert.equal(french.sys.locale, 'fr')
  assert.ok(!('title' in french.fields), 'no value is no field')
  assert.equal(french.fields.slug, '/', 'not localized')
  await fails(cda.getEntry('home', { locale: 'it' }), 'BadRequest', 400)
})

test('select, order and operators, with brackets in names', async () => {
  const { items } = await cda.getEntries({
    content_type: 'page', select: ['fields.title'], 'sys.id[in]': ['about', 'hero', 'draft'], order: ['-sys.updatedAt'],
  })
  assert.deepEqual(items, [
    { sys: { id: 'about', type: 'Entry' }, fields: { title: 'About us' } },
    { sys: { id: 'hero', type: 'Entry' }, fields: { title: 'Hero' } },
  ])
  const found = async (query) => ids((await cda.getEntries({ content_type: 'page', order: ['sys.id'], ...query })).items)
  assert.deepEqual(await found({ 'fields.title[match]': 'abo' }), ['about'])
  assert.deepEqual(await found({ query: 'welcome' }), ['home'])
  assert.deepEqual(await found({ links_to_entry: 'about' }), ['hero', 'home'])
  assert.deepEqual(await found({ 'fields.parts.sys.contentType.sys.id': 'page', 'fields.parts.fields.title': 'Home' }), ['about'])
  assert.deepEqual(await found({ 'metadata.tags.sys.id[in]': ['sale'] }), ['home'])
  assert.deepEqual(await found({ 'metadata.concepts[descendants][in]': ['footwear'] }), ['home'])
  assert.deepEqual(await found({ 'sys.updatedAt[gt]': '2024-02-02T12:00:00Z' }), ['about', 'home'])
  assert.deepEqual(await found({ 'fields.slug[exists]': false, skip: 0 }), ['hero'])
})

test('pages by cursor, there and back', async () => {
  for (const [read, want] of [
    [(q) => cda.getEntriesWithCursor({ order: ['sys.id'], ...q }), ['about', 'hero', 'home']],
    [(q) => cda.getAssetsWithCursor({ order: ['sys.id'], ...q }), ['logo', 'photo']],
  ]) {
    const seen = []
    let page = await read({ limit: 1 })
    for (;;) {
      seen.push(...ids(page.items))
      if (!page.pages.next) break
      page = await read({ limit: 1, pageNext: page.pages.next })
    }
    assert.deepEqual(seen, want)
    const before = await read({ limit: 1, pagePrev: page.pages.prev })
    assert.deepEqual(ids(before.items), [want.at(-2)])
  }
  assert.deepEqual((await cda.getEntriesWithCursor({ limit: 100 })).pages, {})
})

test('assets, content types, locales, tags', async () => {
  assert.equal((await cda.getAsset('photo', { locale: 'fr' })).fields.title, 'Photographie')
  assert.deepEqual(ids((await cda.getAssets({ mimetype_group: 'image', order: ['sys.id'] })).items), ['logo', 'photo'])
  await fails(cda.getAsset('none'), 'NotFound', 404)
  const types = await cda.getContentTypes({ limit: 2 })
  assert.deepEqual(ids(types.items), ['page'])
  const type = await cda.getContentType('page')
  assert.equal(type.displayField, 'title')
  assert.equal(type.sys.revision, 1)
  assert.equal(type.sys.version, undefined)
  const locales = await cda.getLocales()
  assert.deepEqual(locales.items.map((l) => [l.code, l.fallbackCode, l.default]), [['de', 'en', false], ['en', null, true], ['fr', null, false]])
  assert.deepEqual(ids((await cda.getTags()).items), ['sale'], 'the public ones')
  assert.equal((await cda.getTag('sale')).name, 'Sale')
})

test('the taxonomy', async () => {
  const page = await cda.getConcepts({ limit: 1 })
  assert.equal(page.items.length, 1)
  assert.ok(page.pages.next)
  assert.equal((await cda.getConcept('shoes')).prefLabel.en, 'Shoes')
  assert.deepEqual(ids((await cda.getConceptDescendants('footwear')).items).sort(), ['shoes', 'sneakers'])
  assert.deepEqual(ids((await cda.getConceptAncestors('sneakers')).items).sort(), ['footwear', 'shoes'])
  assert.deepEqual(ids((await cda.getConceptSchemes()).items), ['goods'])
  assert.equal((await cda.getConceptScheme('goods')).totalConcepts, 1)
})

test('keys of embargoed assets', async () => {
  const key = await cda.createAssetKey(Math.floor(Date.now() / 1000) + 60)
  assert.ok(key.policy && key.secret)
})

test('drafts and timelines by the preview API', async () => {
  assert.equal((await cpa.getEntry('draft')).fields.title, 'Draft')
  const future = at('/cpa', 'preview', { timelinePreview: { release: { lte: 'r' }, timestamp: { lte: '2030-01-01T00:00:00Z' } } })
  assert.equal((await future.getEntries({ limit: 1 })).items.length, 1)
  await assert.rejects(at('/cpa', 'delivery').getEntries(), { name: 'AccessTokenInvalid' })
})

test('source maps of the preview API, which mark texts with where they are edited', async () => {
  const proxy = { protocol: 'http', host: url.hostname, port: Number(url.port) }
  const mapped = createClient({ // it asks hosts only that begin with preview
    space: 's', accessToken: 'preview', host: 'preview.contentful.com', basePath: '/cpa', insecure: true, proxy, includeContentSourceMaps: true,
  })
  const home = await mapped.getEntry('home')
  assert.ok(home.fields.title.startsWith('Home') && home.fields.title.length > 4, 'the mark is invisible')
  const { fields, sys } = home.fields.parts[0]
  assert.ok(fields.title.length > 'Hero'.length, 'of what is linked to as well')
  assert.deepEqual(Object.keys(sys.contentSourceMaps.mappings), ['/fields/title'])
})

test('errors have the names that clients go by', async () => {
  await fails(at('/cda', 'wrong').getEntries(), 'AccessTokenInvalid', 401)
  await fails(cda.getEntries({ foo: 'bar' }), 'InvalidQuery', 400)
  await fails(cda.getEntries({ 'fields.title': 'Home' }), 'BadRequest', 400)
  await fails(cda.getEntries({ content_type: 'none' }), 'InvalidQuery', 400)
  await fails(cda.getEntries({ include: 11 }), 'InvalidQuery', 400)
  await fails(at('/cda', 'delivery', { environment: 'none' }).getEntries(), 'NotFound', 404)
})

test('a rate limit is waited for', async () => {
  await post('/limit')
  const waits = []
  const patient = at('/cda', 'delivery', { logHandler: (level, data) => level === 'warning' && waits.push(String(data)) })
  assert.equal((await patient.getEntries()).items.length, 3)
  assert.equal(waits.length, 2)
  assert.match(waits[0], /Rate limit/)
  await post('/limit')
  await fails(at('/cda', 'delivery', { retryOnError: false }).getEntries(), 'RateLimitExceeded', 429)
  await cda.getSpace()
})

test('locales published one by one', async () => {
  await post('/edit/publish-german/Entry/draft')
  const byLocale = cda.withLocaleBasedPublishing
  const list = async (locale) => ids((await byLocale.getEntries({ locale, order: ['sys.id'] })).items)
  assert.deepEqual(await list('de'), ['about', 'draft', 'hero', 'home'])
  assert.deepEqual(await list('en'), ['about', 'hero', 'home'])
  await post('/edit/unpublish/Entry/draft')
})

// The last ones: they change the space.

test('sync, what has changed, and what is gone', async () => {
  const first = await cda.sync({ initial: true, limit: 2 })
  assert.deepEqual(ids(first.entries).sort(), ['about', 'hero', 'home'])
  assert.deepEqual(ids(first.assets).sort(), ['logo', 'photo'])
  assert.equal(first.entries.find((e) => e.sys.id === 'home').fields.title.de, 'Startseite')
  assert.deepEqual(first.deletedEntries, [])

  await post('/edit/unpublish/Entry/about')
  await post('/edit/publish/Entry/hero')
  await post('/edit/delete/Asset/photo')
  const delta = await cda.sync({ nextSyncToken: first.nextSyncToken })
  assert.deepEqual(ids(delta.entries), ['hero'])
  assert.equal(delta.entries[0].sys.revision, 2)
  assert.deepEqual(ids(delta.deletedEntries), ['about'])
  assert.equal(delta.deletedEntries[0].sys.type, 'DeletedEntry')
  assert.deepEqual(ids(delta.deletedAssets), ['photo'])
  const nothing = await cda.sync({ nextSyncToken: delta.nextSyncToken })
  assert.deepEqual(nothing.entries, [])

  const paged = await cda.sync({ initial: true, limit: 1, type: 'Entry', content_type: 'page' }, { paginate: false })
  assert.equal(paged.entries.length, 1)
  assert.ok(paged.nextPageToken)
  await post('/expire')
  await assert.rejects(cda.sync({ nextSyncToken: nothing.nextSyncToken }), (error) => error.response.data.sys.id === 'BadRequest')
})
