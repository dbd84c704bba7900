// An entry that is edited: what an app is told of it, and what it does to it.

// open returns the editor of an entry. cma makes calls, scope is {spaceId,
// environmentId}, locales are as apps are told them.
export async function open(cma, scope, locales, entryId) {
  const ask = (entityType, action, more, payload) => cma({ entityType, action, params: { ...scope, ...more }, payload })
  let entry = await ask('Entry', 'get', { entryId })
  const contentTypeId = entry.sys.contentType.sys.id
  const contentType = await ask('ContentType', 'get', { contentTypeId })
  const editorInterface = await ask('EditorInterface', 'get', { contentTypeId })
  let push = () => {}
  let last = Promise.resolve() // writes come one after the other, as each needs the version before

  const localesOf = field => (field.localized ? locales.available : [locales.default])
  const valueOf = (fields, id, locale) => fields[id]?.[locale]
  const inEach = (field, f) => Object.fromEntries(localesOf(field).map(locale => [locale, f(locale)]))

  // took makes next the entry, and tells the app what is different. Values that
  // the app has set itself are told too: setValue calls its listeners.
  function took(next, setHere) {
    const before = entry
    entry = next
    for (const field of contentType.fields) {
      for (const locale of localesOf(field)) {
        const value = valueOf(next.fields, field.id, locale)
        const differs = JSON.stringify(value) !== JSON.stringify(valueOf(before.fields, field.id, locale))
        if (differs || setHere === `${field.id} ${locale}`) push('valueChanged', field.id, locale, value)
      }
    }
    if (next.sys.version !== before.sys.version) push('sysChanged', next.sys)
    if (JSON.stringify(next.metadata) !== JSON.stringify(before.metadata)) push('metadataChanged', next.metadata)
    return next
  }

  const write = f => (last = last.catch(() => {}).then(f))
  const refresh = () => write(async () => took(await ask('Entry', 'get', { entryId })))

  const setValue = (id, locale, value) => write(async () => {
    const fields = structuredClone((await ask('Entry', 'get', { entryId }).then(took)).fields)
    fields[id] = { ...fields[id], [locale]: value }
    took(await ask('Entry', 'update', { entryId }, { ...entry, fields }), `${id} ${locale}`)
    return value
  })

  const act = (action, more) => write(async () => {
    await ask('Entry', action, { entryId, ...more }, entry)
    took(await ask('Entry', 'get', { entryId }))
  })

  const fieldInfo = contentType.fields.map(field => ({
    ...pick(field, 'id', 'name', 'type', 'items', 'linkType', 'required', 'validations'),
    locales: localesOf(field),
    values: inEach(field, locale => valueOf(entry.fields, field.id, locale)),
    isDisabled: inEach(field, () => field.disabled),
    schemaErrors: inEach(field, () => null),
  }))

  return {
    contentType,
    editorInterface,
    refresh,
    told: { contentType, editorInterface, fieldInfo, entry: pick(entry, 'sys', 'metadata'), editor: { localeSettings: { mode: 'multi' }, showHiddenFields: false } },
    // field is what the app of one field is told of it.
    field(id, locale = locales.default) {
      const info = fieldInfo.find(field => field.id === id)
      if (!info?.locales.includes(locale)) throw new Error(`The content type ${contentTypeId} has no field ${id} in ${locale}; it has ${fieldInfo.map(f => f.id).join(', ')}.`)
      return { ...info, locale, value: info.values[locale], isDisabled: info.isDisabled[locale], schemaErrors: null }
    },
    // tell says how to push messages to the app.
    tell: to => { push = to },
    calls: {
      setValue,
      removeValue: (id, locale) => setValue(id, locale, undefined),
      setInvalid: () => {},
      callEntryMethod(name) {
        if (name === 'save') return refresh().then(() => {})
        if (name === 'publish' || name === 'unpublish') return act(name)
        throw { code: 'NotEmulated', message: `entry.${name} is not emulated: tasks are not kept.` }
      },
    },
  }
}

const pick = (from, ...names) => Object.fromEntries(names.filter(name => name in from).map(name => [name, from[name]]))
