// contentful-management writes to the stand-in as it writes to Contentful.

import assert from 'node:assert/strict'
import http from 'node:http'
import { test } from 'node:test'
import { createPrivateKey, createSign, generateKeyPairSync } from 'node:crypto'
import { createClient } from 'contentful-management'
import { createClient as createReader } from 'contentful'
import { verifyRequest } from '@contentful/node-apps-toolkit'

const at = JSON.parse(process.env.STAND_IN)

const client = createClient(
  { accessToken: 'management', host: at.all, basePath: '/cma', hostUpload: at.all, insecure: true },
  { type: 'plain', defaults: { spaceId: 'any', environmentId: 'master', organizationId: 'org' } },
)
const reader = () => createReader({ space: 'any', accessToken: 'delivery', host: at.all, basePath: '/cda', insecure: true })
const link = (linkType, id) => ({ sys: { type: 'Link', linkType, id } })

/** The name and details of the error that a promise is rejected with. */
async function refused(promise) {
  try {
    await promise
  } catch (e) {
    return { name: e.name, ...JSON.parse(e.message) }
  }
  assert.fail('it was not refused')
}

const note = {
  name: 'Note', displayField: 'title',
  fields: [
    { id: 'title', name: 'Title', type: 'Symbol', required: true, localized: true, validations: [{ size: { max: 20 } }] },
    { id: 'about', name: 'About', type: 'Array', required: false, localized: false, items: { type: 'Link', linkType: 'Entry' } },
  ],
}

test('content types are made, published and locked by their version', async () => {
  const made = await client.contentType.createWithId({ contentTypeId: 'note' }, note)
  assert.equal(made.sys.version, 1)
  assert.equal((await refused(client.editorInterface.get({ contentTypeId: 'note' }))).name, 'NotFound')
  const published = await client.contentType.publish({ contentTypeId: 'note' }, made)
  assert.equal(published.sys.version, 2)
  const editor = await client.editorInterface.get({ contentTypeId: 'note' })
  editor.controls = [{ fieldId: 'title', widgetId: 'singleLine', widgetNamespace: 'builtin' }]
  assert.equal((await client.editorInterface.update({ contentTypeId: 'note' }, editor)).sys.version, 2)
  const renamed = await client.contentType.update({ contentTypeId: 'note' }, { ...published, name: 'Notes' })
  assert.equal((await refused(client.contentType.update({ contentTypeId: 'note' }, published))).name, 'VersionMismatch')
  await client.contentType.publish({ contentTypeId: 'note' }, renamed)
  assert.equal((await client.editorInterface.get({ contentTypeId: 'note' })).sys.version, 3)
})

test('an entry goes through all its states', async () => {
  const params = { entryId: 'n1' }
  let entry = await client.entry.createWithId({ ...params, contentTypeId: 'note' }, { fields: { title: { 'en-US': 'One' } } })
  const stale = structuredClone(entry)
  entry = await client.entry.publish(params, entry)
  assert.equal(entry.sys.publishedVersion, 1)
  assert.equal((await reader().getEntry('n1')).fields.title, 'One')

  entry.fields.title['en-US'] = 'Two'
  entry = await client.entry.update(params, entry)
  assert.equal((await refused(client.entry.update(params, stale))).name, 'VersionMismatch')
  assert.equal((await reader().getEntry('n1')).fields.title, 'One', 'a draft is not delivered')
  assert.equal((await client.entry.getPublished({ query: { 'sys.id': 'n1' } })).items[0].fields.title['en-US'], 'One')

  entry = await client.entry.patch({ ...params, version: entry.sys.version },
    [{ op: 'replace', path: '/fields/title/en-US', value: 'Three' }])
  entry = await client.entry.publish(params, entry)
  assert.equal((await reader().getEntry('n1')).fields.title, 'Three')
  const kept = await client.snapshot.getManyForEntry({ entryId: 'n1' })
  assert.deepEqual(kept.items.map((s) => s.snapshot.fields.title['en-US']), ['Three', 'One'])

  assert.equal((await refused(client.entry.archive(params))).name, 'BadRequest')
  entry = await client.entry.unpublish(params, entry)
  await assert.rejects(reader().getEntry('n1'))
  entry = await client.entry.archive(params)
  assert.ok(entry.sys.archivedVersion)
  await client.entry.unarchive(params)
  await client.entry.delete(params)
  assert.equal((await refused(client.entry.get(params))).name, 'NotFound')
})

test('what is wrong is said in the details', async () => {
  const unknown = await refused(client.entry.create({ contentTypeId: 'note' }, { fields: { nope: { 'en-US': 1 } } }))
  assert.equal(unknown.name, 'UnknownField')
  const long = await client.entry.create({ contentTypeId: 'note' }, { fields: { title: { 'en-US': 'x'.repeat(21) } } })
  const e = await refused(client.entry.publish({ entryId: long.sys.id }, long))
  assert.equal(e.name, 'InvalidEntry')
  assert.deepEqual([e.status, e.details.errors[0].name, e.details.errors[0].path], [422, 'size', ['fields', 'title', 'en-US']])
})

test('locales are published one by one', async () => {
  await client.locale.create({}, { name: 'German', code: 'de', fallbackCode: 'en-US', optional: true })
  const params = { entryId: 'n2' }
  let entry = await client.entry.createWithId({ ...params, contentTypeId: 'note' }, { fields: { title: { 'en-US': 'Two', de: 'Zwei' } } })
  entry = await client.entry.publish({ ...params, locales: ['en-US'] }, entry)
  assert.deepEqual(entry.sys.fieldStatus, { '*': { 'en-US': 'published', de: 'draft' } })
  const all = await reader().withAllLocales.getEntry('n2')
  assert.deepEqual(all.fields.title, { 'en-US': 'Two' })
  entry = await client.entry.publish({ ...params, locales: ['de'] }, entry)
  assert.equal((await reader().getEntry('n2', { locale: 'de' })).fields.title, 'Zwei')
  entry = await client.entry.unpublish({ ...params, locales: ['de'] }, entry)
  assert.equal(entry.sys.fieldStatus['*'].de, 'draft')
})

test('files are uploaded and delivered', async () => {
  const pixel = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64')
  const upload = await client.upload.create({}, { file: pixel })
  let asset = await client.asset.create({}, {
    fields: { title: { 'en-US': 'Pixel' }, file: { 'en-US': { contentType: 'image/png', fileName: 'pixel.png', uploadFrom: link('Upload', upload.sys.id) } } },
  })
  asset = await client.asset.processForAllLocales({}, asset)
  assert.deepEqual(asset.fields.file['en-US'].details.image, { width: 1, height: 1 })
  await client.asset.publish({ assetId: asset.sys.id }, asset)
  const delivered = await reader().getAsset(asset.sys.id)
  const file = await fetch('http:' + delivered.fields.file.url)
  assert.deepEqual(Buffer.from(await file.arrayBuffer()), pixel)
})

test('tags, environments and aliases', async () => {
  await client.tag.createWithId({ tagId: 'loud' }, { name: 'Loud', sys: { visibility: 'public' } })
  assert.equal((await reader().getTags()).items.length, 1)
  await client.environment.createWithId({ environmentId: 'next', sourceEnvironmentId: 'master' }, { name: 'Next' })
  assert.equal((await client.environment.get({ environmentId: 'next' })).sys.status.sys.id, 'ready')
  const count = async (environmentId) => (await client.entry.getMany({ environmentId, query: { limit: 1 } })).total
  assert.equal(await count('next'), await count('master'))
  await client.environmentAlias.createWithId({ environmentAliasId: 'live' }, { environment: link('Environment', 'next') })
  assert.equal(await count('live'), await count('next'))
  const used = await refused(client.environment.delete({ environmentId: 'next' }))
  assert.equal(used.name, 'BadRequest')
})

test('entries are searched and their references followed', async () => {
  const found = await client.entry.getMany({ query: { content_type: 'note', 'fields.title[match]': 'Two', order: '-sys.createdAt', select: 'sys' } })
  assert.equal(found.total, 1)
  assert.equal(found.items[0].fields, undefined)
  const parent = await client.entry.create({ contentTypeId: 'note' }, { fields: { title: { 'en-US': 'Parent' }, about: { 'en-US': [link('Entry', 'n2')] } } })
  const tree = await client.entry.references({ entryId: parent.sys.id, include: 2 })
  assert.deepEqual(tree.includes.Entry.map((e) => e.sys.id), ['n2'])
  const pages = await client.entry.getManyWithCursor({ query: { limit: 2 } })
  assert.ok(pages.pages.next)
})

test('publishing calls signed webhooks', async (t) => {
  const secret = '0123456789abcdef'.repeat(4)
  const calls = []
  let notify
  const next = () => new Promise((resolve) => { notify = resolve })
  const server = http.createServer((request, response) => {
    const chunks = []
    request.on('data', (c) => chunks.push(c))
    request.on('end', () => {
      response.statusCode = calls.length === 0 ? 503 : 200
      response.end()
      calls.push({ method: 'POST', path: request.url, headers: request.headers, body: Buffer.concat(chunks).toString() })
      if (response.statusCode === 200) notify()
    })
  })
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  t.after(() => server.close())
  await client.webhook.upsertSigningSecret({}, { value: secret })
  const hook = await client.webhook.create({}, {
    name: 'Told', url: `http://127.0.0.1:${server.address().port}/hook`, topics: ['Entry.publish', 'Entry.unpublish'],
    headers: [{ key: 'X-Mine', value: 'yes' }], filters: [{ equals: [{ doc: 'sys.environment.sys.id' }, 'master'] }],
  })
  let entry = await client.entry.create({ contentTypeId: 'note' }, { fields: { title: { 'en-US': 'Told' } } })
  let told = next()
  entry = await client.entry.publish({ entryId: entry.sys.id }, entry)
  await told
  assert.deepEqual(calls.map((c) => c.headers['x-contentful-webhook-request-attempt']), ['1', '2'], 'a 503 is tried again')
  const [first, second] = calls
  assert.equal(first.headers['x-contentful-idempotency-key'], second.headers['x-contentful-idempotency-key'])
  assert.equal(second.headers['x-contentful-topic'], 'ContentManagement.Entry.publish')
  assert.equal(second.headers['x-mine'], 'yes')
  const body = JSON.parse(second.body)
  assert.deepEqual([body.sys.type, body.sys.revision, body.sys.version, body.fields.title['en-US']], ['Entry', 1, undefined, 'Told'])
  assert.ok(verifyRequest(secret, second))
  assert.ok(!verifyRequest(secret, { ...second, body: second.body.replace('Told', 'Gold') }))

  told = next()
  await client.entry.unpublish({ entryId: entry.sys.id }, entry)
  await told
  assert.equal(JSON.parse(calls[2].body).sys.type, 'DeletedEntry')
  // The answer is in the log a moment after it was given.
  const log = await client.webhook.getManyCallDetails({ webhookDefinitionId: hook.sys.id })
  assert.ok(log.items.length >= 2)
  assert.equal((await client.webhook.getHealthStatus({ webhookDefinitionId: hook.sys.id })).sys.type, 'WebhookHealth')
  await client.webhook.delete({ webhookDefinitionId: hook.sys.id })
})

test('bulk actions, releases and scheduled actions', async () => {
  const made = []
  for (const title of ['a', 'b']) made.push(await client.entry.create({ contentTypeId: 'note' }, { fields: { title: { 'en-US': title } } }))
  const versioned = (e) => ({ sys: { ...link('Entry', e.sys.id).sys, version: e.sys.version } })
  const bulk = await client.bulkAction.publish({}, { entities: { sys: { type: 'Array' }, items: made.map(versioned) } })
  assert.equal(bulk.sys.status, 'succeeded')
  assert.equal((await client.bulkAction.get({ bulkActionId: bulk.sys.id })).sys.status, 'succeeded')
  const again = await client.bulkAction.publish({}, { entities: { sys: { type: 'Array' }, items: made.map(versioned) } })
  assert.equal(again.sys.status, 'failed')
  assert.equal(again.error.details.errors.length, 2)

  const items = made.map((e) => link('Entry', e.sys.id))
  const release = await client.release.create({}, { title: 'Autumn', entities: { sys: { type: 'Array' }, items } })
  const action = await client.release.unpublish({ releaseId: release.sys.id, version: release.sys.version })
  assert.equal(action.sys.status, 'succeeded')
  assert.equal((await client.entry.get({ entryId: made[0].sys.id })).sys.publishedVersion, undefined)

  const soon = new Date(Date.now() + 1500).toISOString()
  await client.scheduledActions.create({}, {
    action: 'publish', entity: link('Entry', made[0].sys.id), environment: link('Environment', 'master'), scheduledFor: { datetime: soon },
  })
  for (;;) {
    const list = await client.scheduledActions.getMany({ query: { 'environment.sys.id': 'master', 'sys.status': 'succeeded' } })
    if (list.items.length === 1) break
  }
  assert.ok((await client.entry.get({ entryId: made[0].sys.id })).sys.publishedVersion)
})

test('the taxonomy of the organization is delivered', async () => {
  const label = (s) => ({ prefLabel: { 'en-US': s } })
  const tea = await client.concept.createWithId({ conceptId: 'tea' }, label('Tea'))
  await client.concept.createWithId({ conceptId: 'oolong' }, { ...label('Oolong'), broader: [link('TaxonomyConcept', 'tea')] })
  await client.concept.patch({ conceptId: 'tea', version: tea.sys.version }, [{ op: 'replace', path: '/prefLabel/en-US', value: 'Teas' }])
  await client.conceptScheme.create({}, { ...label('Drinks'), concepts: [link('TaxonomyConcept', 'tea')] })
  assert.deepEqual((await client.concept.getDescendants({ conceptId: 'tea' })).items.map((c) => c.sys.id), ['oolong'])
  assert.equal((await client.concept.getTotal({})).total, 2)
  const delivered = await reader().getConcept('tea')
  assert.equal(delivered.prefLabel['en-US'], 'Teas')
})

test('apps sign requests and get tokens', async () => {
  const app = await client.appDefinition.create({}, { name: 'App', src: 'http://localhost:3000', locations: [] })
  const params = { appDefinitionId: app.sys.id }
  const secret = 'fedcba9876543210'.repeat(4)
  await client.appSigningSecret.upsert(params, { value: secret })
  await client.appInstallation.upsert(params, { parameters: { a: 1 } })
  const request = { method: 'POST', path: '/do', body: '{"a":1}', headers: { 'content-type': 'application/json' } }
  const { additionalHeaders } = await client.appSignedRequest.create(params, request)
  assert.ok(verifyRequest(secret, { ...request, headers: { ...request.headers, ...additionalHeaders } }))

  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const der = publicKey.export({ type: 'spki', format: 'der' }).toString('base64')
  await client.appKey.create(params, { jwk: { alg: 'RS256', kty: 'RSA', use: 'sig', x5c: [der], kid: 'k1', x5t: 'k1' } })
  const part = (o) => Buffer.from(JSON.stringify(o)).toString('base64url')
  const jwt = (iss, pem = privateKey.export({ type: 'pkcs8', format: 'pem' })) => {
    const unsigned = part({ alg: 'RS256', typ: 'JWT', kid: 'k1' }) + '.' + part({ iss, exp: Math.floor(Date.now() / 1000) + 300 })
    return unsigned + '.' + createSign('RSA-SHA256').update(unsigned).sign(createPrivateKey(pem), 'base64url')
  }
  const { token } = await client.appAccessToken.create(params, { jwt: jwt(app.sys.id) })
  const asApp = createClient({ accessToken: token, host: at.all, basePath: '/cma', insecure: true }, { type: 'plain', defaults: { spaceId: 'any', environmentId: 'master' } })
  assert.equal((await asApp.contentType.get({ contentTypeId: 'note' })).sys.id, 'note')
  assert.equal((await refused(client.appAccessToken.create(params, { jwt: jwt('another') }))).name, 'AccessTokenInvalid')

  const { sys, generated } = await client.appKey.create(params, { generate: true })
  assert.ok((await client.appAccessToken.create(params, { jwt: jwt(app.sys.id, generated.privateKey) })).token)
  const kept = await client.appKey.getMany(params)
  assert.ok(!JSON.stringify(kept).includes('PRIVATE'))
  await client.appKey.delete({ ...params, fingerprint: sys.id })
  assert.equal((await refused(client.appAccessToken.create(params, { jwt: jwt(app.sys.id, generated.privateKey) }))).name, 'AccessTokenInvalid')
})
