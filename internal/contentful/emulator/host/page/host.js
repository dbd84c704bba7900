// The host page: it shows one location of an app, as the query asks for it.

import { client } from './cma.js'
import { dialogs } from './dialogs.js'
import { open } from './editor.js'
import { embed } from './frame.js'
import { installer } from './install.js'

const root = '/_emulator/host'
const own = client(`${root}/own`) // what the page asks for itself
const asked = Object.fromEntries(new URLSearchParams(location.search))
const $ = id => document.getElementById(id)

// refreshed is how often changes to the entry from elsewhere are looked for, in
// milliseconds.
const refreshed = 1000

// inEntries are the locations that need an entry.
const inEntries = ['entry-field', 'entry-field-sidebar', 'entry-sidebar', 'entry-editor']
const locations = ['app-config', 'entry-field', 'entry-sidebar', 'entry-editor', 'page', 'dialog', 'home']

const note = (type, message) => {
  const line = document.createElement('li')
  line.className = type
  line.textContent = message
  $('notes').append(line)
}

show().catch(e => {
  console.error(e)
  note('error', e.message ?? String(e))
})

async function show() {
  const at = asked.location ?? 'app-config'
  if (!asked.space) throw new Error(`Which space? ${root}?space=ID&environment=ID&app=ID of the app definition&location=${locations.join('|')}&entry=ID&field=ID&locale=CODE`)
  if (!asked.app) return choose(asked.space)
  if (!locations.includes(at) && !inEntries.includes(at)) throw new Error(`There is no location ${at}: there are ${locations.join(', ')}.`)
  const host = await load(asked.space, asked.environment ?? 'master', asked.app)
  $('name').textContent = `${host.definition.name}: ${at}`
  if (!/^https?:/.test(host.definition.src)) throw new Error('The src of the app definition must be the address of the app, http:// or https://. Bundles are not served here.')
  links(at)

  const editor = inEntries.includes(at) && await open(own, host.scope, host.locales, required('entry'))
  const config = at === 'app-config' && installer(own, host.scope, () => { $('install').disabled = false })
  const field = at.startsWith('entry-field') ? editor.field(required('field'), asked.locale) : undefined
  const connection = connectionOf(host, at, editor, field)
  const frame = embed($('app'), host.definition.src, connection, { ...common(host), ...editor?.calls, ...config?.calls })
  editor?.tell?.(frame.push)
  config?.tell?.(frame.push)
  if (editor) follow(editor)
  if (config) installable(host, config)
}

// follow looks for changes to the entry from elsewhere, until it is gone.
function follow(editor) {
  const timer = setInterval(() => editor.refresh().catch(e => {
    clearInterval(timer)
    note('error', `The entry can no more be read: ${e.message}`)
  }), refreshed)
}

function required(name) {
  if (!asked[name]) throw new Error(`Which ${name}? Add &${name}=ID.`)
  return asked[name]
}

// load asks for what every location needs.
async function load(spaceId, environmentId, appDefinitionId) {
  const ask = (entityType, action, params) => own({ entityType, action, params })
  const space = await ask('Space', 'get', { spaceId })
  const scope = { spaceId, environmentId, appDefinitionId, organizationId: space.sys.organization.sys.id }
  const [definition, installation, locales, contentTypes, user] = await Promise.all([
    ask('AppDefinition', 'get', scope),
    ask('AppInstallation', 'get', scope).catch(e => { if (e.status !== 404) throw e }),
    ask('Locale', 'getMany', scope),
    ask('ContentType', 'getMany', { ...scope, query: { limit: 1000 } }),
    ask('User', 'getCurrent'),
  ])
  return { scope, definition, installation, locales: localesOf(locales.items), contentTypes: contentTypes.items, user }
}

function localesOf(items) {
  const by = f => Object.fromEntries(items.map(locale => [locale.code, f(locale)]))
  return {
    available: items.map(locale => locale.code),
    default: items.find(locale => locale.default)?.code,
    names: by(locale => locale.name),
    fallbacks: by(locale => locale.fallbackCode ?? undefined),
    optional: by(locale => locale.optional),
    direction: by(locale => (/^(ar|fa|he|ur)\b/.test(locale.code) ? 'rtl' : 'ltr')),
  }
}

// connectionOf is what the app is told when it connects.
function connectionOf(host, at, editor, field) {
  const { scope, definition, user } = host
  return {
    location: at,
    parameters: {
      installation: { ...defaults(definition, 'installation'), ...host.installation?.parameters },
      instance: { ...defaults(definition, 'instance'), ...settingsOf(editor, at, field, scope.appDefinitionId) },
      invocation: asked.invocation ? JSON.parse(asked.invocation) : undefined,
    },
    locales: host.locales,
    user: {
      sys: { type: 'User', id: user.sys.id }, firstName: user.firstName, lastName: user.lastName, email: user.email, avatarUrl: '',
      spaceMembership: { sys: { type: 'SpaceMembership', id: user.sys.id }, admin: true, roles: [] },
    },
    initialContentTypes: host.contentTypes,
    ids: {
      app: scope.appDefinitionId, space: scope.spaceId, environment: scope.environmentId, organization: scope.organizationId, user: user.sys.id,
      ...(editor && { entry: asked.entry, contentType: editor.contentType.sys.id }), ...(field && { field: field.id }),
    },
    hostnames: { delivery: location.host, management: location.host, preview: location.host, upload: location.host, graphql: '', webapp: location.host },
    uiLanguageLocale: 'en-US',
    ...editor?.told,
    field,
  }
}

const defaults = (definition, kind) => Object.fromEntries((definition.parameters?.[kind] ?? []).filter(p => p.default !== undefined).map(p => [p.id, p.default]))

// settingsOf are the parameters that an editor interface gives the app where it
// is shown.
function settingsOf(editor, at, field, app) {
  const one = editor?.editorInterface
  const list = { 'entry-field': one?.controls?.filter(control => control.fieldId === field?.id), 'entry-sidebar': one?.sidebar, 'entry-editor': one?.editors }[at]
  return list?.find(item => item.widgetNamespace === 'app' && item.widgetId === app)?.settings
}

// common are the calls that apps may make everywhere.
function common(host) {
  const navigated = method => options => {
    note('navigation', `${method} ${JSON.stringify(options ?? {})}`)
    return { navigated: true }
  }
  const methods = ['navigateToContentEntity', 'navigateToBulkEditor', 'navigateToPage', 'navigateToAppConfig', 'navigateToSpaceEnvRoute']
  return {
    CMAAdapterCall: client(`${root}/cma`),
    notify: ({ type, message }) => note(type, message),
    openDialog: dialogs(own, host.scope, (parent, parameters, close) => inDialog(host, parent, parameters, close)),
    closeDialog: () => note('navigation', 'closeDialog'),
    checkAccess: () => true,
    checkAppConfigAccess: () => true,
    callSpaceMethod: name => { throw { code: 'NotEmulated', message: `space.${name} is deprecated and not emulated: use sdk.cma.` } },
    ...Object.fromEntries(methods.map(method => [method, navigated(method)])),
  }
}

// inDialog shows the app in a dialog.
function inDialog(host, parent, invocation, close) {
  const connection = connectionOf(host, 'dialog')
  connection.parameters.invocation = invocation
  return embed(parent, host.definition.src, connection, { ...common(host), closeDialog: close })
}

// installable lets the app be installed once it is ready, and taken away.
function installable(host, config) {
  let installed = Boolean(host.installation)
  const update = () => {
    $('install').textContent = installed ? 'Save' : 'Install'
    $('uninstall').hidden = !installed
    $('actions').hidden = false
  }
  const on = (id, act, done) => $(id).addEventListener('click', async () => {
    try {
      note(...await act() === false ? ['warning', 'The app did not want to be installed.'] : ['success', done])
    } catch (e) {
      note('error', `The app could not be installed or taken away: ${e.message}`)
    }
    installed = Boolean(await config.calls.callAppMethod('isInstalled'))
    update()
  })
  on('install', config.install, 'The app is installed.')
  on('uninstall', config.uninstall, 'The app is taken away.')
  update()
}

// choose shows which apps there are.
async function choose(spaceId) {
  const { sys } = await own({ entityType: 'Space', action: 'get', params: { spaceId } })
  const { items } = await own({ entityType: 'AppDefinition', action: 'getMany', params: { organizationId: sys.organization.sys.id } })
  $('name').textContent = items.length ? 'Which app?' : 'No app is defined yet.'
  for (const app of items) link(app.name, { app: app.sys.id })
}

// links lead to the other locations, of the same entry and field.
function links(at) {
  for (const other of locations.filter(location => location !== at)) link(other, { location: other })
}

// link leads to this page, asked for something else.
function link(text, more) {
  const a = document.createElement('a')
  a.textContent = text
  a.href = `${root}?${new URLSearchParams({ ...asked, ...more })}`
  $('links').append(a)
}
