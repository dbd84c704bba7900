// How an app is installed: it says what it wants, that is stored, and it is told.

// installer returns what the app of a configuration screen may call, and how to
// install it and to take it away. cma makes calls; scope is {spaceId,
// environmentId, organizationId, appDefinitionId}; ready is called when the app
// says that it is.
export function installer(cma, scope, ready) {
  const app = scope.appDefinitionId
  const ask = (entityType, action, more, payload) => cma({ entityType, action, params: { ...scope, ...more }, payload })
  const waiting = new Map() // of hooks, by stage and request
  let push = () => {}

  const installation = () => ask('AppInstallation', 'get').catch(absent)
  const interfaces = async () => (await ask('EditorInterface', 'getMany', { query: { limit: 1000 } })).items

  const hook = message => {
    const answered = new Promise(resolve => waiting.set(message.stage + message.installationRequestId, resolve))
    push('appHook', message)
    return answered
  }

  async function store({ parameters, targetState }) {
    await ask('AppInstallation', 'upsert', {}, { parameters: parameters ?? {} })
    if (!targetState) return
    for (const one of await interfaces()) {
      const contentTypeId = one.sys.contentType.sys.id
      const next = assigned(one, app, targetState.EditorInterface?.[contentTypeId])
      if (JSON.stringify(next) !== JSON.stringify(one)) await ask('EditorInterface', 'update', { contentTypeId }, next)
    }
  }

  return {
    tell: to => { push = to },
    calls: {
      callAppMethod: method => ({
        setReady: ready,
        isInstalled: async () => Boolean(await installation()),
        getParameters: async () => (await installation())?.parameters ?? null,
        getCurrentState: async () => ((await installation()) ? { EditorInterface: stateOf(await interfaces(), app) } : null),
      })[method](),
      appHookResult({ stage, installationRequestId, result }) {
        const key = stage + installationRequestId
        waiting.get(key)?.(result)
        waiting.delete(key)
      },
    },
    // install asks the app what it wants and stores that. It returns false if the
    // app does not want to be installed, and fails if it could not be stored;
    // the app is told of either end of storing.
    async install() {
      const installationRequestId = crypto.randomUUID()
      const result = await hook({ stage: 'preInstall', installationRequestId })
      if (result === false) return false
      let err = null
      await store(result ?? {}).catch(e => { err = { message: e.message ?? String(e) } })
      await hook({ stage: 'postInstall', installationRequestId, err })
      if (err) throw err
      return true
    },
    async uninstall() {
      await store({ targetState: {} })
      await ask('AppInstallation', 'delete')
    },
  }
}

function absent(e) {
  if (e.status !== 404) throw e
  return null
}

const isOf = app => item => item.widgetNamespace === 'app' && item.widgetId === app

// assigned returns an editor interface in which an app is where state says, and
// nowhere else.
export function assigned(editorInterface, app, state = {}) {
  const next = structuredClone(editorInterface)
  for (const control of next.controls ?? []) {
    if (isOf(app)(control)) for (const name of ['widgetNamespace', 'widgetId', 'settings']) delete control[name]
  }
  for (const { fieldId, settings } of state.controls ?? []) {
    next.controls = (next.controls ?? []).filter(control => control.fieldId !== fieldId)
    next.controls.push(widget(app, { fieldId, settings }))
  }
  for (const place of ['sidebar', 'editors']) {
    const others = next[place]?.filter(item => !isOf(app)(item))
    if (others) next[place] = others
    if (state[place]) {
      next[place] = others ?? []
      next[place].splice(state[place].position ?? next[place].length, 0, widget(app, { settings: state[place].settings }))
    }
  }
  return next
}

const widget = (app, more) => JSON.parse(JSON.stringify({ ...more, widgetNamespace: 'app', widgetId: app }))

// stateOf is what assigned has made, by content type.
function stateOf(interfaces, app) {
  const state = {}
  for (const one of interfaces) {
    const controls = (one.controls ?? []).filter(isOf(app)).map(({ fieldId, settings }) => ({ fieldId, ...(settings && { settings }) }))
    const used = controls.length ? { controls } : {}
    for (const place of ['sidebar', 'editors']) {
      const position = one[place]?.findIndex(isOf(app)) ?? -1
      if (position >= 0) used[place] = { position, ...(one[place][position].settings && { settings: one[place][position].settings }) }
    }
    if (Object.keys(used).length) state[one.sys.contentType.sys.id] = used
  }
  return state
}
