// Contentful's tools take the stand-in for Contentful: exports are imported,
// exported and imported again without loss, and migrations run.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { createClient } from 'contentful-management'

const at = JSON.parse(process.env.STAND_IN)
const require = createRequire(import.meta.url)
const runExport = require('contentful-export')
const runImport = require('contentful-import')

const quiet = { useVerboseRenderer: false, errorLogFile: join(tmpdir(), `segue-${process.pid}.log`) }
const manage = (spaceId) => createClient({ accessToken: 'management', host: at.cma, insecure: true },
  { type: 'plain', defaults: { spaceId, environmentId: 'master' } })

/** A space without content, though all spaces begin with the storefront. */
async function emptied(spaceId) {
  const client = manage(spaceId)
  for (const kind of ['entry', 'asset', 'contentType']) {
    const { items } = await client[kind].getMany({ query: { limit: 1000 } })
    for (const item of items) {
      const params = { [`${kind}Id`]: item.sys.id }
      if (item.sys.publishedVersion) await client[kind].unpublish(params, item)
      await client[kind].delete(params)
    }
  }
  for (const locale of (await client.locale.getMany({})).items) {
    if (!locale.default) await client.locale.delete({ localeId: locale.sys.id })
  }
  return client
}

const exported = (spaceId, more = {}) => runExport({
  spaceId, managementToken: 'management', host: at.cma, insecure: true, saveFile: false, includeDrafts: true, ...quiet, ...more,
})

/** Imports content. Entries with links that lead nowhere stay drafts, as at Contentful. */
async function imported(spaceId, content) {
  const broken = content.entries.filter((e) => leadsNowhere(e, content)).map((e) => e.sys.id)
  try {
    await runImport({ spaceId, managementToken: 'management', host: at.cma, insecure: true, content, rateLimit: 1000, ...quiet })
    assert.deepEqual(broken, [])
  } catch (e) {
    if (!e.errors) throw e
    const summary = e.errors.map((one) => /^Could not publish the following entities: (.*)$/.exec(one.error)).find(Boolean)
    assert.deepEqual(summary?.[1].split(', ').sort(), broken.sort())
  }
}

/** Reports whether an entry links to something that the content does not have. */
function leadsNowhere(entry, content) {
  const there = new Set([...content.entries, ...content.assets].map((e) => `${e.sys.type}/${e.sys.id}`))
  const links = JSON.stringify(entry.fields).matchAll(/\{"type":"Link","linkType":"(Entry|Asset)","id":"([^"]+)"\}/g)
  return [...links].some(([, type, id]) => !there.has(`${type}/${id}`))
}

const counts = (space) => Object.fromEntries(['contentTypes', 'editorInterfaces', 'entries', 'assets', 'locales', 'tags']
  .map((list) => [list, space[list]?.length ?? 0]))

/** The content of a space by kind and id, without what every space says of its own. */
const content = (space) => Object.fromEntries(['contentTypes', 'entries', 'assets'].map((list) => [list,
  Object.fromEntries(space[list].map((item) => [item.sys.id, {
    fields: list === 'assets' ? Object.keys(item.fields.file ?? {}) : item.fields,
    published: Boolean(item.sys.publishedVersion),
  }]))]))

/** Gives an emptied space the default locale that an export has. */
async function withDefaultLocale(client, space) {
  const [locale] = (await client.locale.getMany({})).items
  const wanted = space.locales.find((l) => l.default)
  if (locale.code !== wanted.code) {
    await client.locale.update({ localeId: locale.sys.id }, { ...locale, code: wanted.code, name: wanted.name })
  }
}

for (const [name, path] of Object.entries(at.exports)) {
  test(`${name}: import, export, import, export`, async () => {
    const original = JSON.parse(await readFile(path, 'utf8'))
    await withDefaultLocale(await emptied(`${name}-1`), original)
    await imported(`${name}-1`, structuredClone(original))
    const first = await exported(`${name}-1`)
    for (const list of ['contentTypes', 'entries', 'assets', 'locales']) {
      assert.equal(first[list].length, original[list].length, list)
    }
    await withDefaultLocale(await emptied(`${name}-2`), first)
    await imported(`${name}-2`, structuredClone(first))
    const second = await exported(`${name}-2`)
    assert.deepEqual(counts(second), counts(first))
    assert.deepEqual(content(second), content(first))
  })
}

test('what is delivered is exported too', async () => {
  const managed = await exported('delivered', { includeDrafts: false })
  const delivered = await exported('delivered', { includeDrafts: false, deliveryToken: 'delivery', hostDelivery: at.cda })
  assert.deepEqual(counts(delivered), counts(managed))
})

test('a migration makes and changes types and entries, over TLS', async () => {
  await promisify(execFile)(process.execPath, ['lib/migrate.mjs', join(import.meta.dirname, 'lib/migration.cjs'), 'migrated', 'master', at.cma],
    { env: { ...process.env, NODE_EXTRA_CA_CERTS: at.ca }, cwd: import.meta.dirname })
  const client = manage('migrated')
  const author = await client.contentType.get({ contentTypeId: 'author' })
  assert.ok(author.sys.publishedVersion)
  const editor = await client.editorInterface.get({ contentTypeId: 'author' })
  assert.equal(editor.controls.find((c) => c.fieldId === 'site').widgetId, 'urlEditor')
  const hero = await client.contentType.get({ contentTypeId: 'hero' })
  assert.equal(hero.fields[0].id, 'note')
  assert.ok(!hero.fields.some((f) => f.id === 'eyebrow'))
  const heroes = await client.entry.getPublished({ query: { content_type: 'hero' } })
  assert.ok(heroes.items.length > 0)
  for (const { fields } of heroes.items) assert.equal(fields.note['en-US'], `Was: ${fields.headline['en-US']}`)
})

test.after(() => rm(quiet.errorLogFile, { force: true }))
