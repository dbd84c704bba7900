// The dialogs that apps open.

// dialogs returns what answers openDialog(kind, options). cma makes calls, scope
// is {spaceId, environmentId}; app(parent, parameters, close) shows the app in a
// dialog of its own.
export function dialogs(cma, scope, app) {
  const kinds = {
    alert: ({ title, message }) => { window.alert(joined(title, message)); return true },
    confirm: ({ title, message }) => window.confirm(joined(title, message)),
    prompt: ({ title, message, defaultValue }) => window.prompt(joined(title, message), defaultValue) ?? false,
    app: ({ title, parameters, minHeight }) => modal(title, (body, close) => {
      const frame = app(body, parameters, close)
      if (minHeight) frame.iframe.style.minHeight = typeof minHeight === 'number' ? `${minHeight}px` : minHeight
      return frame.remove
    }),
    entitySelector: options => select(cma, scope, options),
  }
  return (kind, options = {}) => {
    if (!kinds[kind]) throw { code: 'NotEmulated', message: `The host page has no dialog ${kind}.` }
    return kinds[kind](options)
  }
}

const joined = (...texts) => texts.filter(Boolean).join('\n\n')

// modal shows a dialog that show fills, and resolves to what it is closed with.
function modal(title, show) {
  return new Promise(resolve => {
    const dialog = document.createElement('dialog')
    const heading = document.createElement('h2')
    heading.textContent = title ?? ''
    dialog.append(heading)
    document.body.append(dialog)
    const close = result => {
      clean?.()
      dialog.remove()
      resolve(result)
    }
    const clean = show(dialog, close)
    dialog.addEventListener('close', () => close())
    dialog.showModal()
  })
}

// select lets an entry or an asset be chosen, or several. It resolves to null if
// none is.
async function select(cma, scope, { entityType, multiple, contentTypes, title }) {
  if (entityType !== 'Entry' && entityType !== 'Asset') throw { code: 'NotEmulated', message: `The host page has no ${entityType}.` }
  const query = { limit: 100, ...(contentTypes?.length && { 'sys.contentType.sys.id[in]': contentTypes.join() }) }
  const { items } = await cma({ entityType, action: 'getMany', params: { ...scope, query } })
  const chosen = await modal(title ?? `Choose ${multiple ? 'some' : 'one'}`, (body, close) => {
    const list = document.createElement('select')
    list.multiple = multiple
    list.size = 12
    list.append(...items.map(({ sys, fields }) => new Option(`${nameOf(fields)} (${sys.contentType?.sys.id ?? sys.type}, ${sys.id})`, sys.id)))
    const done = document.createElement('button')
    done.textContent = 'Choose'
    done.onclick = () => close([...list.selectedOptions].map(option => option.value))
    body.append(list, done)
  })
  const entities = items.filter(({ sys }) => chosen?.includes(sys.id))
  if (!entities.length) return null
  return multiple ? entities : entities[0]
}

// nameOf is the first short text in the fields of an entity.
function nameOf(fields) {
  const texts = Object.values(fields).flatMap(values => Object.values(values))
  return texts.find(value => typeof value === 'string')?.slice(0, 60) ?? ''
}
