// The hooks of Segue's own client, rendered by React on a server, hydrated and
// rendered in a page.

import assert from 'node:assert/strict'
import { register } from 'node:module'
import { afterEach, beforeEach, mock, test } from 'node:test'
import { answer, openPage, turn } from './lib/dom.mjs'

// The package asks for React wherever the site has it: here.
register(`data:text/javascript,${encodeURIComponent(`
  export const resolve = (name, context, next) => next(name, name === 'react' ? { ...context, parentURL: ${JSON.stringify(import.meta.url)} } : context)
`)}`)

globalThis.IS_REACT_ACT_ENVIRONMENT = true
openPage() // before React looks whether there is one
const { act, createElement: h, StrictMode } = await import('react')
const { renderToString } = await import('react-dom/server')
const { createRoot, hydrateRoot } = await import('react-dom/client')
const { createClient } = await import('../js/dist/segue.mjs')
const { SegueProvider, Slot, useSegments, useSlot, useTrack } = await import('../js/dist/react.mjs')

const choice = { variant: 1, entry: 'hero-finish-order', experience: 'exp-1', reason: 'segment' }
const state = answer({ hero: choice, letter: { variant: 1, hidden: true, experience: 'exp-1', reason: 'segment' } })

function Shop() {
  const track = useTrack()
  return h('main', null,
    h(Slot, { name: 'hero', variants: { 'hero-finish-order': h('h1', null, 'One step left') } }, h('h1', null, 'Slow water')),
    h(Slot, { name: 'letter' }, h('p', null, 'A letter')),
    h('button', { onClick: () => track('Clicked') }, useSegments().join()))
}
const app = props => h(StrictMode, null, h(SegueProvider, props, h(Shop)))

let page, client, root, complaints
beforeEach(() => {
  complaints = []
  for (const level of ['error', 'warn']) mock.method(console, level, (...said) => complaints.push(said.join(' ')))
  page = openPage({ html: '<!doctype html><div id="root"></div>' })
  page.answer('/v1/batch', {})
  page.answer('/v1/resolve', { json: state })
})
afterEach(async () => {
  await act(() => root?.unmount())
  root = undefined
  client?.close()
  mock.restoreAll()
  assert.deepEqual(complaints, [])
})

const container = () => document.getElementById('root')
async function render(options, props) {
  client = createClient(options)
  root = createRoot(container())
  await act(() => root.render(app({ client, ...props })))
}

test('what a server renders is the visitor\'s, and hydration finds it so', async () => {
  const html = renderToString(app({ state }))
  assert.match(html, /<segue-slot name="hero"[^>]* variant="1"[^>]*><h1>One step left<\/h1><\/segue-slot>/)
  assert.doesNotMatch(html, /A letter|Slow water/)
  assert.match(html, /high-intent,returning/)
  container().innerHTML = html
  const headline = document.querySelector('h1')
  client = createClient({ state })
  await act(async () => {
    root = hydrateRoot(container(), app({ client, state }), { onRecoverableError: error => complaints.push(String(error)) })
    await turn()
  })
  assert.equal(document.querySelector('h1'), headline)
  assert.equal(page.to('/v1/resolve').length, 0)
})

test('without a state a server renders the baseline, undecided', () => {
  const html = renderToString(app({}))
  assert.match(html, /<segue-slot name="hero"[^>]*><h1>Slow water/)
  assert.doesNotMatch(html, /variant/)
})

test('an answer that comes while slots are hidden is shown', async () => {
  globalThis.getComputedStyle = () => ({ visibility: 'hidden' })
  let give
  page.answer('/v1/resolve', () => new Promise(resolve => { give = () => resolve({ json: state }) }))
  await render()
  assert.equal(document.querySelector('h1').textContent, 'Slow water')
  assert.equal(document.querySelector('segue-slot').hasAttribute('variant'), false)
  give()
  await act(turn)
  assert.equal(document.querySelector('h1').textContent, 'One step left')
  assert.equal(document.querySelector('segue-slot').getAttribute('variant'), '1')
  assert.equal(document.querySelector('p'), null)
})

test('an answer that comes too late is not', async () => {
  await render()
  await act(turn)
  assert.equal(document.querySelector('h1').textContent, 'Slow water')
  assert.equal(document.querySelector('segue-slot').getAttribute('variant'), '0')
  assert.equal(document.querySelector('button').textContent, 'high-intent,returning', 'which does not hold for segments')
})

test('a slot stays as it was first shown, whatever is answered later', async () => {
  globalThis.getComputedStyle = () => ({ visibility: 'hidden' })
  await render()
  await act(turn)
  globalThis.getComputedStyle = () => ({ visibility: 'visible' })
  page.answer('/v1/resolve', { json: answer({ hero: { variant: 0, entry: 'hero', reason: 'default' } }, { segments: ['browser'] }) })
  await act(() => client.refresh())
  assert.equal(document.querySelector('h1').textContent, 'One step left')
  assert.equal(document.querySelector('button').textContent, 'browser')
})

test('exposures and clicks are sent', async () => {
  await render({ state }, { state })
  await act(turn)
  assert.equal(document.querySelector('h1').textContent, 'One step left')
  page.watched.filter(({ element }) => element.getAttribute('name') === 'hero').forEach(({ see }) => see())
  await act(() => new Promise(resolve => setTimeout(resolve, 1100)))
  document.querySelector('button').click()
  await client.flush()
  const sent = page.to('/v1/batch').flatMap(({ body }) => body.batch)
  assert.deepEqual(sent.map(({ type, event, componentId }) => event ?? componentId ?? type), ['page', 'hero-finish-order', 'Clicked'])
})

test('a renderer gets the composed entry', async () => {
  const content = { sys: { id: 'hero-finish-order', type: 'Entry' }, fields: { headline: 'Composed' } }
  const Hero = () => {
    const slot = useSlot('hero')
    return h('section', { ref: slot.ref }, slot.content?.fields.headline ?? 'none')
  }
  const withPage = { ...state, page: { sys: {}, fields: { sections: [content] } } }
  assert.match(renderToString(h(SegueProvider, { state: withPage }, h(Hero))), /Composed/)
  const slot = h(Slot, { name: 'hero', render: ({ fields }) => fields.headline }, 'Baseline')
  assert.match(renderToString(h(SegueProvider, { state: withPage }, slot)), /Composed/)
  assert.match(renderToString(h(SegueProvider, { state }, slot)), / variant="0"[^>]*>Baseline/, 'nothing shows it')
})
