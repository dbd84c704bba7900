// How what an app asks of sdk.cma becomes requests to the management API.

const environment = '/spaces/{spaceId}/environments/{environmentId}'
const organization = '/organizations/{organizationId}'

// content are the actions that entries, assets and content types have.
const content = (path, id) => ({
  get: `GET ${path}/${id}`,
  getMany: `GET ${path}`,
  getManyWithCursor: `GET ${path}?cursor=true`,
  create: `POST ${path}`,
  createWithId: `PUT ${path}/${id}`,
  update: `PUT ${path}/${id}`,
  patch: `PATCH ${path}/${id}`,
  delete: `DELETE ${path}/${id}`,
  publish: `PUT ${path}/${id}/published`,
  unpublish: `DELETE ${path}/${id}/published`,
})

const archivable = (path, id) => ({
  ...content(environment + path, id),
  getPublished: `GET ${environment}/public${path}`,
  archive: `PUT ${environment}${path}/${id}/archived`,
  unarchive: `DELETE ${environment}${path}/${id}/archived`,
})

// routes are method and path of each action of each type; {…} are parameters.
const routes = {
  Entry: {
    ...archivable('/entries', '{entryId}'),
    references: `GET ${environment}/entries/{entryId}/references`,
  },
  Asset: {
    ...archivable('/assets', '{assetId}'),
    process: `PUT ${environment}/assets/{assetId}/files/{locale}/process`,
  },
  ContentType: content(`${environment}/content_types`, '{contentTypeId}'),
  EditorInterface: {
    get: `GET ${environment}/content_types/{contentTypeId}/editor_interface`,
    getMany: `GET ${environment}/editor_interfaces`,
    update: `PUT ${environment}/content_types/{contentTypeId}/editor_interface`,
  },
  Snapshot: {
    getManyForEntry: `GET ${environment}/entries/{entryId}/snapshots`,
    getForEntry: `GET ${environment}/entries/{entryId}/snapshots/{snapshotId}`,
    getManyForContentType: `GET ${environment}/content_types/{contentTypeId}/snapshots`,
    getForContentType: `GET ${environment}/content_types/{contentTypeId}/snapshots/{snapshotId}`,
  },
  Locale: content(`${environment}/locales`, '{localeId}'),
  Tag: content(`${environment}/tags`, '{tagId}'),
  Upload: {
    get: `GET ${environment}/uploads/{uploadId}`,
    create: `POST ${environment}/uploads`,
    delete: `DELETE ${environment}/uploads/{uploadId}`,
  },
  Release: content(`${environment}/releases`, '{releaseId}'),
  ScheduledAction: content('/spaces/{spaceId}/scheduled_actions', '{scheduledActionId}'),
  Space: { get: 'GET /spaces/{spaceId}' },
  Environment: { get: 'GET /spaces/{spaceId}/environments/{environmentId}' },
  EnvironmentAlias: { get: 'GET /spaces/{spaceId}/environment_aliases/{environmentAliasId}' },
  Role: { get: 'GET /spaces/{spaceId}/roles/{roleId}', getMany: 'GET /spaces/{spaceId}/roles' },
  AppDefinition: {
    get: `GET ${organization}/app_definitions/{appDefinitionId}`,
    getMany: `GET ${organization}/app_definitions`,
  },
  AppInstallation: {
    get: `GET ${environment}/app_installations/{appDefinitionId}`,
    getMany: `GET ${environment}/app_installations`,
    upsert: `PUT ${environment}/app_installations/{appDefinitionId}`,
    delete: `DELETE ${environment}/app_installations/{appDefinitionId}`,
  },
  AppSignedRequest: { create: `POST ${environment}/app_installations/{appDefinitionId}/signed_requests` },
  BulkAction: {
    get: `GET ${environment}/bulk_actions/actions/{bulkActionId}`,
    publish: `POST ${environment}/bulk_actions/publish`,
    unpublish: `POST ${environment}/bulk_actions/unpublish`,
    validate: `POST ${environment}/bulk_actions/validate`,
  },
  Concept: {
    get: `GET ${organization}/taxonomy/concepts/{conceptId}`,
    getMany: `GET ${organization}/taxonomy/concepts`,
  },
  User: { getCurrent: 'GET /users/me' },
}

// client returns what makes calls as contentful-management describes them:
// {entityType, action, params, payload, headers, userAgent}. base is where the
// management API is. A call that fails rejects with {code, message, status, data}.
export function client(base) {
  const request = async (method, path, headers, body) => {
    const answer = await fetch(base + path, { method, body, headers: { 'Segue-Host-Page': '1', ...headers } })
    const text = await answer.text()
    const json = text ? JSON.parse(text) : undefined
    if (!answer.ok) throw { code: json?.sys?.id, message: json?.message, status: answer.status, data: json }
    return json
  }
  return async function call({ entityType, action, params = {}, payload, headers, userAgent }) {
    if (entityType === 'Asset' && action.startsWith('processFor')) return processAsset(call, action, params)
    const route = routes[entityType]?.[action]
    if (!route) throw { code: 'NotEmulated', message: `The host page knows no ${entityType}.${action}: add it to cma.js.` }
    const [method, path] = route.split(' ')
    const send = (method, body) => request(method, address(path, params), headersOf(params, payload, headers, userAgent), body)
    if (params.locales?.length && path.endsWith('/published')) {
      return send('PUT', JSON.stringify({ [action === 'publish' ? 'add' : 'remove']: { fields: { '*': params.locales } } }))
    }
    return send(method, bodyOf(method, path, payload))
  }
}

// address fills in a path, and appends the query.
function address(path, { query, include, ...params }) {
  const [filled, fixed] = path.replace(/{(\w+)}/g, (_, name) => {
    if (params[name] === undefined) throw { code: 'BadRequest', message: `The parameter ${name} is missing.` }
    return encodeURIComponent(params[name])
  }).split('?')
  const search = new URLSearchParams(fixed)
  for (const [name, value] of Object.entries({ ...(include && { include }), ...query })) {
    if (value !== undefined) search.set(name, value)
  }
  return search.size ? `${filled}?${search}` : filled
}

// headersOf says in headers what contentful-management does: the version that was
// read, the content type of an entry, the visibility of a tag.
function headersOf(params, payload, more, userAgent) {
  const file = payload?.file !== undefined
  const all = {
    'Content-Type': file ? 'application/octet-stream' : Array.isArray(payload) ? 'application/json-patch+json' : 'application/vnd.contentful.management.v1+json',
    'X-Contentful-Version': params.version ?? payload?.sys?.version,
    'X-Contentful-Content-Type': params.contentTypeId,
    'X-Contentful-Tag-Visibility': payload?.sys?.visibility,
    'X-Contentful-User-Agent': userAgent,
    ...more,
  }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
}

function bodyOf(method, path, payload) {
  if (method === 'GET' || method === 'DELETE' || payload === undefined || path.endsWith('/published')) return undefined
  return payload.file !== undefined ? payload.file : JSON.stringify(payload)
}

// processAsset processes one file of an asset, or all, and returns the asset.
async function processAsset(call, action, { asset, locale, options, ...params }) {
  const act = (action, more) => call({ entityType: 'Asset', action, params: { ...params, assetId: asset.sys.id, ...more } })
  const locales = action === 'processForLocale' ? [locale] : Object.keys(asset.fields.file)
  for (const code of locales) {
    const { sys } = await act('get')
    await act('process', { locale: code, version: sys.version })
  }
  return act('get')
}
