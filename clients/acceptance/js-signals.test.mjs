// What Segue learns through its own client: the storefront in a browser, before a
// real Segue.

import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { openAlone } from './lib/chromium.mjs'
import { buyer, chosen, clean, close, count, open, person, plain, seen, server, settled, shop, until } from './lib/shop.mjs'

// What they need: SHOPS, CHROMIUM.
before(open)
afterEach(clean)
after(close)

test('Segue dies after the client is loaded: the baseline, and the signals come later', async () => {
  const { page, id } = await buyer()
  await page.goto(shop.url)
  await settled(page)
  await until('the page view', () => count(id, 'pages').then(n => n === 1))
  shop.dead = true
  await page.evaluate(() => segue.track('Product Added', { product_id: 'sill-dripper' }))
  await until('a try', () => shop.requests.some(({ url, body }) => url.startsWith('/v1/batch') && body.includes('sill-dripper')))
  const kept = await until('it is kept', () => page.evaluate(() => localStorage.getItem('segue.queue')))
  assert.match(kept, /sill-dripper/)
  shop.dead = false
  await page.goto(shop.url + '/grinders')
  await until('nothing is kept', () => page.evaluate(() => localStorage.getItem('segue.queue') === null))
  await until('the page views', () => count(id, 'pages').then(n => n === 2))
})

test('an exposure counts once, however often it is on the screen', async () => {
  shop.patience = '20s'
  const { page, id } = await buyer()
  await page.goto(shop.url)
  await settled(page)
  await until('the exposure', () => count(id, 'exposures').then(n => n === 1))
  await page.evaluate(() => segue.refresh()) // which decides every slot anew
  await page.mouse.wheel(0, 3000)
  await page.waitForFunction(() => scrollY > 900)
  await page.mouse.wheel(0, -3000)
  await page.waitForFunction(() => scrollY === 0)
  await page.waitForTimeout(1500)
  await page.click('a[href="/grinders"]')
  await page.waitForURL('**/grinders')
  await until('two page views', () => count(id, 'pages').then(n => n === 2))
  assert.equal(await count(id, 'exposures'), 1)
  assert.equal(shop.signals().filter(({ componentId }) => componentId === 'hero-finish-order').length, 1)
})

test('what is queued when the page is left arrives, as a beacon', async () => {
  const { page, id } = await buyer()
  await page.goto(shop.url)
  await settled(page)
  await page.evaluate(() => {
    addEventListener('pagehide', () => segue.seen('home-hero', { variant: 1, entry: 'hero-finish-order', experience: 'exp-high-intent', reason: 'segment' }))
    for (let i = 0; i < 40; i++) segue.track('Noted', { at: i, text: 'x'.repeat(1000) })
    location.href = '/grinders'
  })
  await page.waitForURL('**/grinders')
  await until('all of it', async () => {
    const notes = new Set(shop.signals().filter(({ event }) => event === 'Noted').map(({ properties }) => properties.at))
    return notes.size === 40
  })
  await until('the exposure', () => count(id, 'exposures').then(n => n === 1))
})

test('a stranger gets a basket and a page that leads to it, in one visit', async () => {
  shop.patience = '20s'
  const context = await person()
  const page = await context.newPage()
  await page.goto(shop.url)
  await settled(page)
  assert.deepEqual((await seen(page)).headlines, [plain])
  const own = (await context.cookies()).find(({ name }) => name === 'segue_id')
  assert.ok(own.httpOnly, 'the server set it')
  assert.equal(await page.evaluate(() => segue.visitor), own.value)
  await page.goto(shop.url + '/products/crane-kettle')
  await page.click('[data-add]')
  await page.click('a[href="/basket"]')
  await settled(page)
  await until('it is known', () => shop.signals().some(({ event }) => event === 'Cart Viewed'))
  await page.goto(shop.url)
  await settled(page)
  assert.equal(await page.locator('.hero h1').textContent(), chosen)
  assert.equal(await page.evaluate(() => segue.visitor), own.value)
  assert.equal(await count(own.value, 'pages'), 4)
})

const links = (how, id, more = '') => `<!doctype html><title>Links</title><a href="/">The shop</a>
  <script>document.cookie = 'ajs_anonymous_id=${id}; Path=/'</script>
  <script type="speculationrules">{"${how}": [{"urls": ["/"], "eagerness": "immediate"}]}</script>${more}`

test('a page that is prefetched counts nothing until it is seen', async () => {
  const { page, id } = await buyer()
  shop.pages['/links'] = links('prefetch', id)
  await page.goto(shop.url + '/links')
  const ahead = await until('a prefetch', () => shop.requests.find(({ url, status }) => url === '/' && status))
  assert.match(ahead.headers['sec-purpose'], /^prefetch$/)
  assert.equal(await count(id, 'pages'), 0)
  await page.click('a')
  await page.waitForURL(shop.url + '/')
  await until('the page view', () => count(id, 'pages').then(n => n === 1))
  assert.equal(shop.requests.filter(({ url }) => url === '/').length, 1, 'it was the page that was fetched before')
})

test('a page that is prerendered is resolved, and counts nothing until it is seen', async () => {
  shop.patience = '60s'
  const { id } = await buyer()
  let go
  shop.pages['/go'] = new Promise(resolve => { go = resolve })
  shop.pages['/links'] = links('prerender', id, `<script>fetch('/go').then(() => { location.href = '/' })</script>`)
  const quit = await openAlone(shop.url + '/links')
  try {
    const ahead = await until('an answer', () => shop.requests.find(({ url, status }) => url.startsWith('/v1/resolve') && status === 200))
    assert.equal(ahead.headers['sec-purpose'], 'prefetch;prerender')
    assert.deepEqual(shop.signals(), [])
    assert.equal(await count(id, 'pages'), 0)
    go('')
    await until('the page view', () => count(id, 'pages').then(n => n === 1))
    await until('the exposure', () => count(id, 'exposures').then(n => n === 1))
    assert.equal(shop.requests.filter(({ url }) => url === '/').length, 1, 'it was the page that was prerendered')
  } finally {
    await quit()
  }
})

test('a page that comes back from the cache of the browser is another page view', async () => {
  const { page, id } = await buyer()
  await page.goto(shop.url)
  await settled(page)
  await page.evaluate(() => { window.same = true })
  await page.goto(shop.url + '/grinders')
  await settled(page)
  await page.goBack({ waitUntil: 'commit' })
  assert.equal(await page.evaluate(() => window.same), true, 'it was kept')
  await until('three page views', () => count(id, 'pages').then(n => n === 3))
})

test('navigation within the page begins a page view, once', async () => {
  const { page, id } = await buyer()
  await page.goto(shop.url)
  await settled(page)
  await page.evaluate(() => {
    history.pushState(null, '', '/?sort=price')
    history.replaceState({ more: 1 }, '', '/?sort=price')
    history.pushState(null, '', '/?sort=price#reviews')
  })
  await until('two page views', () => count(id, 'pages').then(n => n === 2))
  const view = shop.signals().filter(({ type }) => type === 'page').at(-1)
  assert.equal(view.context.page.referrer, shop.url + '/')
  assert.equal(view.context.page.search, '?sort=price')
})

test('reading is told as the rules want it', async () => {
  const { page, id } = await buyer()
  await page.goto(shop.url)
  await settled(page)
  await page.mouse.wheel(0, 100_000)
  await until('the depth', () => count(id, 'scrollers').then(n => n === 100))
  await new Promise(resolve => setTimeout(resolve, 1500))
  await page.goto(shop.url + '/grinders') // which closes the page view with a beat
  await until('the time', () => count(id, 'readers').then(n => n >= 1))
})

test('who has denied it is not recorded and gets no id', async () => {
  shop.patience = '20s'
  const context = await person()
  await context.addInitScript(() => Object.defineProperty(navigator, 'globalPrivacyControl', { value: true }))
  const page = await context.newPage()
  await page.goto(shop.url)
  await settled(page)
  await page.evaluate(() => segue.track('Product Added', {}))
  await page.goto(shop.url + '/grinders')
  await settled(page)
  assert.deepEqual(shop.signals(), [])
  assert.deepEqual(await context.cookies(), [])
  assert.equal(await page.evaluate(() => localStorage.getItem('segue.id')), null)

  await page.evaluate(() => segue.consent(true))
  await until('a page view', () => shop.signals().some(({ type }) => type === 'page'))
  await until('an id', () => page.evaluate(() => localStorage.getItem('segue.id')))
})
