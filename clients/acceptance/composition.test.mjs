// The pages that Segue composes are what contentful.js resolves of the same
// space, for every entry as a page, in every locale. What differs is known: the
// fields of personalization are left out, a link that was not followed says why,
// a merge tag says which it is, addresses of files have their scheme, and an
// asset without a value in a locale has that of the default locale.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createClient } from 'contentful'

const url = new URL(process.env.COMPOSITION_URL)
const names = Object.keys(await (await fetch(new URL('/names', url))).json())

const internal = (field) => field.startsWith('nt_')

/** A link that was not followed, however it says so. */
const link = ({ type, linkType, id, urn }) => ({ link: `${type} ${linkType} ${id ?? urn}` })

const isObject = (value) => typeof value === 'object' && value !== null
const isEntity = (value) => isObject(value) && ['Entry', 'Asset'].includes(value.sys?.type) && isObject(value.fields)
const isLink = (value) => isObject(value) && ['Link', 'ResourceLink'].includes(value.sys?.type)

/** The entity as a tree, in which what is around a link is a link again. */
function tree(value, assets = {}, around = []) {
  if (Array.isArray(value)) return value.map((v) => tree(v, assets, around))
  if (isLink(value)) return link(value.sys)
  if (isEntity(value)) {
    const { sys } = value
    const fields = { ...assets[sys.id], ...value.fields }
    if (around.includes(sys.id)) return link({ type: 'Link', linkType: sys.type, id: sys.id })
    const inside = [...around, sys.id]
    const shown = Object.entries(fields).filter(([field]) => sys.type === 'Asset' || !internal(field))
    return {
      sys: { id: sys.id, type: sys.type, contentType: sys.contentType?.sys.id, locale: sys.locale, revision: sys.revision },
      fields: Object.fromEntries(shown.map(([field, v]) => [field, tree(v, assets, inside)])),
    }
  }
  if (!isObject(value)) return value
  if (typeof value.url === 'string' && value.fileName) value = { ...value, url: value.url.replace(/^\/\//, 'https://') }
  return Object.fromEntries(Object.entries(value).filter(([k]) => k !== 'mergeTag').map(([k, v]) => [k, tree(v, assets, around)]))
}

for (const name of names) {
  test(name, async () => {
    const cda = createClient({ space: 's', accessToken: 'delivery', host: url.host, basePath: `/${name}/cda`, insecure: true })
    const { items: locales } = await cda.getLocales()
    const files = (await cda.getAssets({ limit: 1000 })).items
    const assets = Object.fromEntries(files.map(({ sys, fields }) => [sys.id, fields]))
    const { items, total } = await cda.withoutLinkResolution.getEntries({ limit: 1000, include: 0 })
    assert.equal(items.length, total)
    for (const { code } of locales) {
      for (const { sys } of items) {
        const entry = await cda.getEntry(sys.id, { locale: code, include: 10 })
        const page = await fetch(new URL(`/${name}/pages/${sys.id}?locale=${code}`, url))
        assert.deepEqual(tree(await page.json()), tree(entry, assets), `${sys.id} in ${code}`)
      }
    }
    console.log(`${name}: ${items.length} entries in ${locales.length} locales`)
  })
}
