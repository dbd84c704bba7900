// Apps run in the stand-in's host page, in a browser, with Contentful's App SDK.

import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import http from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { createClient } from 'contentful-management'
import { createClient as createReader } from 'contentful'
import { chromium } from 'playwright-core'

const at = JSON.parse(process.env.STAND_IN)
const space = { spaceId: 'any', environmentId: 'master' }
const client = createClient(
  { accessToken: 'management', host: at.all, basePath: '/cma', insecure: true },
  { type: 'plain', defaults: { ...space, organizationId: 'segue-organization' } },
)

/** What every test needs: a browser, an app that is served, and its definition. */
let browser, profile, served, app

/** The app: it leaves the SDK where tests find it, and is as high as its text. */
const page = `<!doctype html><html lang="en"><title>App</title><body style="margin:0"><p id="text" style="margin:0;height:300px">App</p>
<script src="/sdk.js"></script>
<script>
  window.sdk = new Promise(resolve => contentfulExtension.init(resolve))
</script></html>`

before(async () => {
  const sdk = await readFile('node_modules/@contentful/app-sdk/dist/cf-extension-api.bundled.js')
  served = http.createServer((request, answer) => {
    const script = request.url === '/sdk.js'
    answer.writeHead(200, { 'Content-Type': script ? 'text/javascript' : 'text/html' }).end(script ? sdk : page)
  })
  await new Promise(resolve => served.listen(0, '127.0.0.1', resolve))
  app = await client.appDefinition.create({}, {
    name: 'Tried', src: `http://127.0.0.1:${served.address().port}/`,
    locations: [{ location: 'app-config' }, { location: 'entry-field', fieldTypes: [{ type: 'Symbol' }] }, { location: 'entry-sidebar' }, { location: 'page' }],
    parameters: {
      installation: [{ id: 'endpoint', name: 'Endpoint', type: 'Symbol' }],
      instance: [{ id: 'size', name: 'Size', type: 'Number', default: 3 }, { id: 'colour', name: 'Colour', type: 'Symbol' }],
    },
  })
  profile = await mkdtemp(join(tmpdir(), 'segue-browser-'))
  browser = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM, headless: true, timeout: 60_000,
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  })
})

after(async () => {
  await browser?.close()
  served?.closeAllConnections()
  served?.close()
  if (profile) await rm(profile, { recursive: true, force: true, maxRetries: 5 })
})

/** Waits until the app in a frame is loaded and connected. */
async function connected(frame) {
  await frame.waitForFunction(() => window.sdk?.then(() => true))
  return frame
}

/** Opens the app at a location, until it is connected. */
async function open(location, more = {}) {
  const host = await browser.newPage()
  host.on('pageerror', e => { throw e })
  const query = new URLSearchParams({ space: 'any', environment: 'master', app: app.sys.id, location, ...more })
  await host.goto(`http://${at.all}/_emulator/host?${query}`)
  const frame = await connected(await (await host.waitForSelector('#app iframe')).contentFrame())
  return { host, frame, notes: host.locator('#notes') }
}

/** An entry of the storefront as it is now. */
const entry = entryId => client.entry.get({ entryId })

test('an app is installed as it asks to be, and told of it', async () => {
  const { host, frame, notes } = await open('app-config')
  assert.ok(await host.locator('#install').isDisabled(), 'before the app is ready')
  await frame.evaluate(async () => {
    const sdk = await window.sdk
    window.told = []
    sdk.app.onConfigure(async () => window.configuration)
    sdk.app.onConfigurationCompleted(err => window.told.push(err))
    window.configuration = false
    await sdk.app.setReady()
    window.before = [sdk.location.is('app-config'), await sdk.app.isInstalled(), await sdk.app.getParameters(), await sdk.app.getCurrentState()]
  })
  assert.deepEqual(await frame.evaluate(() => window.before), [true, false, null, null])

  await host.click('#install')
  await notes.getByText('did not want').waitFor()
  await assert.rejects(client.appInstallation.get({ appDefinitionId: app.sys.id }), { name: 'NotFound' })

  const targetState = { EditorInterface: { link: { controls: [{ fieldId: 'label', settings: { colour: 'red' } }], sidebar: { position: 0 } } } }
  await frame.evaluate(targetState => { window.configuration = { parameters: { endpoint: 'https://segue.example' }, targetState } }, targetState)
  await host.click('#install')
  await notes.getByText('is installed').waitFor()
  assert.deepEqual(await frame.evaluate(() => window.told), [null])
  assert.deepEqual((await client.appInstallation.get({ appDefinitionId: app.sys.id })).parameters, { endpoint: 'https://segue.example' })
  const shown = await client.editorInterface.get({ contentTypeId: 'link' })
  const widget = { widgetNamespace: 'app', widgetId: app.sys.id }
  assert.deepEqual(shown.controls.find(control => control.fieldId === 'label'), { fieldId: 'label', settings: { colour: 'red' }, ...widget })
  assert.deepEqual(shown.sidebar[0], widget)
  const { parameters, state } = await frame.evaluate(async () => {
    const { app } = await window.sdk
    return { parameters: await app.getParameters(), state: await app.getCurrentState() }
  })
  assert.deepEqual(parameters, { endpoint: 'https://segue.example' })
  assert.deepEqual(state, targetState)

  await host.click('#uninstall')
  await notes.getByText('taken away').waitFor()
  await assert.rejects(client.appInstallation.get({ appDefinitionId: app.sys.id }), { name: 'NotFound' })
  const { controls } = await client.editorInterface.get({ contentTypeId: 'link' })
  assert.ok(!controls.some(control => control.widgetId === app.sys.id))
  await host.click('#install') // for the tests that follow
  await host.locator('#uninstall').waitFor()
  await host.close()
})

test('the app of a field reads, writes and follows its value', async () => {
  const { host, frame } = await open('entry-field', { entry: 'link-kettles', field: 'label' })
  const begun = await frame.evaluate(async () => {
    const sdk = await window.sdk
    window.values = []
    window.versions = []
    sdk.field.onValueChanged(value => window.values.push(value))
    sdk.entry.onSysChanged(sys => window.versions.push(sys.version))
    return { value: sdk.field.getValue(), url: sdk.entry.fields.url.getValue(), ids: sdk.ids, parameters: sdk.parameters, locales: sdk.locales.available, type: sdk.contentType.name, user: sdk.user.email }
  })
  const was = await entry('link-kettles')
  assert.equal(begun.value, was.fields.label['en-US'])
  assert.equal(begun.url, was.fields.url['en-US'])
  assert.deepEqual(begun.parameters, { installation: { endpoint: 'https://segue.example' }, instance: { size: 3, colour: 'red' }, invocation: undefined })
  assert.deepEqual(begun.ids, { app: app.sys.id, space: 'any', environment: 'master', organization: 'segue-organization', user: 'segue-user', entry: 'link-kettles', contentType: 'link', field: 'label' })
  assert.deepEqual(begun.locales, ['en-US'])
  assert.equal(begun.user, 'editor@example.com')

  await frame.evaluate(async () => (await window.sdk).field.setValue('All kettles'))
  const written = await entry('link-kettles')
  assert.equal(written.fields.label['en-US'], 'All kettles')
  assert.deepEqual(await frame.evaluate(() => window.values), [begun.value, 'All kettles'])
  assert.equal(await frame.evaluate(() => window.versions.at(-1)), written.sys.version)

  const elsewhere = { ...written, fields: { ...written.fields, label: { 'en-US': 'Kettles, all' } } }
  await client.entry.update({ entryId: 'link-kettles' }, elsewhere)
  await frame.waitForFunction(() => window.values.at(-1) === 'Kettles, all')
  assert.equal(await frame.evaluate(async () => (await window.sdk).field.getValue()), 'Kettles, all')

  await frame.evaluate(async () => (await window.sdk).entry.publish())
  const reader = createReader({ space: 'any', accessToken: 'delivery', host: at.all, basePath: '/cda', insecure: true })
  assert.equal((await reader.getEntry('link-kettles')).fields.label, 'Kettles, all')
  const published = await frame.evaluate(async () => (await window.sdk).entry.getSys().publishedVersion)
  assert.equal(published, (await entry('link-kettles')).sys.publishedVersion)

  await frame.evaluate(async () => (await window.sdk).field.removeValue())
  assert.equal((await entry('link-kettles')).fields.label?.['en-US'], undefined)
  await host.close()
})

test('an app in the sidebar uses the management API without a token of its own', async () => {
  const { host, frame } = await open('entry-sidebar', { entry: 'link-grinders' })
  const got = await frame.evaluate(async () => {
    const { cma, entry } = await window.sdk
    const { items, total } = await cma.entry.getMany({ query: { content_type: 'link', limit: 2 } })
    const made = await cma.entry.create({ contentTypeId: 'link' }, { fields: { label: { 'en-US': 'Made' }, url: { 'en-US': '/made' } } })
    const saved = await cma.entry.update({ entryId: made.sys.id }, { ...made, fields: { ...made.fields, url: { 'en-US': '/saved' } } })
    const published = await cma.entry.publish({ entryId: made.sys.id }, saved)
    const patched = await cma.entry.patch({ entryId: made.sys.id, version: published.sys.version }, [{ op: 'replace', path: '/fields/label/en-US', value: 'Patched' }])
    const stale = await cma.entry.update({ entryId: made.sys.id }, made).catch(e => e)
    const tag = await cma.tag.createWithId({ tagId: 'tried' }, { name: 'Tried', sys: { visibility: 'public' } })
    const { name } = await cma.contentType.get({ contentTypeId: 'link' })
    return { count: items.length, total, url: published.fields.url['en-US'], label: patched.fields.label['en-US'], stale, visibility: tag.sys.visibility, name, id: entry.getSys().id }
  })
  assert.equal(got.count, 2)
  assert.ok(got.total > 2)
  assert.equal(got.url, '/saved')
  assert.equal(got.label, 'Patched')
  assert.equal(got.stale.code, 'VersionMismatch')
  assert.equal(got.stale.status, 409)
  assert.equal(got.visibility, 'public')
  assert.equal(got.id, 'link-grinders')
  await host.close()
  const without = await fetch(`http://${at.all}/_emulator/host/cma/spaces/any/environments/master/entries`)
  assert.equal(without.status, 403, 'other pages may not')
})

test('an app on a page speaks and opens dialogs, which are as high as it wants', async () => {
  const { host, frame, notes } = await open('page')
  await frame.evaluate(async () => (await window.sdk).cma.entry.getMany({ query: { limit: 1 } }))
  await frame.evaluate(async () => {
    document.getElementById('text').style.height = '567px'
    const { notifier, navigator } = await window.sdk
    notifier.success('It is done')
    await navigator.openEntry('link-kettles', { slideIn: true })
  })
  await notes.getByText('It is done').waitFor()
  await notes.getByText('link-kettles').waitFor()

  const asked = frame.evaluate(async () => (await window.sdk).dialogs.openCurrentApp({ title: 'Inside', parameters: { n: 1 } }))
  const inner = await connected(await (await host.waitForSelector('dialog iframe')).contentFrame())
  await inner.evaluate(async () => {
    const sdk = await window.sdk
    sdk.window.startAutoResizer()
    document.getElementById('text').style.height = '321px'
  })
  await host.waitForFunction(() => document.querySelector('dialog iframe').style.height === '321px')
  const invocation = await inner.evaluate(async () => (await window.sdk).parameters.invocation)
  assert.deepEqual(invocation, { n: 1 })
  await inner.evaluate(async () => (await window.sdk).close({ chosen: 2 }))
  assert.deepEqual(await asked, { chosen: 2 })

  const one = frame.evaluate(async () => (await window.sdk).dialogs.selectSingleEntry({ contentTypes: ['link'] }))
  await host.locator('dialog select').selectOption('link-kettles')
  await host.locator('dialog button').click()
  assert.equal((await one).sys.id, 'link-kettles')

  host.once('dialog', dialog => dialog.accept())
  assert.equal(await frame.evaluate(async () => (await window.sdk).dialogs.openConfirm({ message: 'Sure?' })), true)
  await host.close()
})

test('every location has what the SDK gives it', async () => {
  for (const [location, members] of Object.entries({
    'entry-editor': ['entry', 'contentType', 'editor'],
    dialog: ['close', 'window'],
    home: ['cma', 'navigator'],
  })) {
    const { host, frame } = await open(location, { entry: 'link-kettles', invocation: '{"from": "query"}' })
    const got = await frame.evaluate(async members => {
      const sdk = await window.sdk
      return { missing: members.filter(name => !sdk[name]), invocation: sdk.parameters.invocation }
    }, members)
    assert.deepEqual(got, { missing: [], invocation: { from: 'query' } }, location)
    await host.close()
  }
})

test('a field has a value in each locale', async () => {
  await client.locale.create({}, { code: 'de', name: 'German', fallbackCode: 'en-US', optional: true })
  const fields = [{ id: 'text', name: 'Text', type: 'Symbol', localized: true, required: false }, { id: 'code', name: 'Code', type: 'Symbol', localized: false, required: false }]
  const type = await client.contentType.createWithId({ contentTypeId: 'greeting' }, { name: 'Greeting', displayField: 'text', fields })
  await client.contentType.publish({ contentTypeId: 'greeting' }, type)
  await client.entry.createWithId({ contentTypeId: 'greeting', entryId: 'hello' }, { fields: { text: { 'en-US': 'Hello', de: 'Hallo' } } })
  const { host, frame } = await open('entry-field', { entry: 'hello', field: 'text', locale: 'de' })
  const got = await frame.evaluate(async () => {
    const { field, entry, locales } = await window.sdk
    const was = [field.locale, field.getValue(), entry.fields.text.getValue(), entry.fields.text.getValue('de'), entry.fields.code.locales]
    const heard = []
    entry.fields.text.onValueChanged('de', value => heard.push(value))
    await Promise.all([entry.fields.text.setValue('Hi'), field.setValue('Servus'), entry.fields.code.setValue('h')]) // each at its version
    return { was, heard, available: locales.available.toSorted(), fallbacks: locales.fallbacks }
  })
  assert.deepEqual(got.was, ['de', 'Hallo', 'Hello', 'Hallo', ['en-US']])
  assert.deepEqual(got.heard, ['Hallo', 'Servus'])
  assert.deepEqual(got.available, ['de', 'en-US'])
  assert.equal(got.fallbacks.de, 'en-US')
  assert.deepEqual((await entry('hello')).fields, { text: { 'en-US': 'Hi', de: 'Servus' }, code: { 'en-US': 'h' } })
  await host.close()
})

test('what is missing is said', async () => {
  const host = await browser.newPage()
  await host.goto(`http://${at.all}/_emulator/host?space=any`)
  await host.getByRole('link', { name: 'Tried' }).click()
  await host.getByRole('heading', { name: 'Tried: app-config' }).waitFor()
  for (const [query, want] of [
    ['', 'Which space?'],
    [`?space=any&app=${app.sys.id}&location=entry-field`, 'Which entry?'],
    [`?space=any&app=${app.sys.id}&location=entry-field&entry=link-kettles&field=none`, 'has no field none'],
    [`?space=any&app=${app.sys.id}&location=cellar`, 'There is no location cellar'],
    ['?space=any&app=none', 'could not be found'],
  ]) {
    await host.goto(`http://${at.all}/_emulator/host${query}`)
    await host.locator('#notes').getByText(want).waitFor()
  }
  await host.close()
})
