// What a visitor sees of Segue's own client: the storefront in a browser, before a
// real Segue.

import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { desktop, phone } from './lib/chromium.mjs'
import { buyer, chosen, clean, close, count, frames, open, plain, seen, server, settled, shop, until } from './lib/shop.mjs'

// What they need: SHOPS, CHROMIUM.
before(open)
afterEach(clean)
after(close)

for (const [name, viewport] of Object.entries({ desktop, phone })) {
  test(`a fast Segue, ${name}: the variant is what is seen first, and nothing moves`, async () => {
    shop.patience = '20s'
    for (const path of ['/', '/grinders', '/grinders/hollow-hand-grinder', '/products/crane-kettle']) {
      const { page, complaints } = await buyer({ viewport })
      await page.goto(shop.url + path)
      await settled(page)
      await frames(page)
      const { headlines, shift, shifts } = await seen(page)
      if (path === '/') assert.deepEqual(headlines, [chosen])
      assert.equal(shift, 0, `${path}: ${JSON.stringify(shifts)}`)
      assert.deepEqual(complaints, [])
    }
  })

  test(`a slow Segue, ${name}: the baseline after 300 ms, which stays`, async () => {
    shop.delay = 3000
    const { page, complaints } = await buyer({ viewport })
    await page.goto(shop.url)
    assert.equal(await page.evaluate(() => getComputedStyle(document.querySelector('segue-slot')).animationDuration), '0.3s')
    await page.waitForFunction(plain => window.seen.headlines.includes(plain), plain)
    assert.equal(await page.locator('segue-slot[name=home-hero][variant]').count(), 0, 'the answer is not there yet')
    await settled(page)
    await frames(page)
    const { headlines, shift, shifts, resolved } = await seen(page)
    assert.deepEqual(headlines, [plain])
    assert.equal(shift, 0, JSON.stringify(shifts))
    assert.deepEqual(resolved.find(({ name }) => name === 'home-hero'), { name: 'home-hero', variant: 0, reason: 'timeout' })
    assert.equal(await page.locator('segue-slot[name=home-newsletter]').getAttribute('variant'), '1', 'what is not on the screen may still change')
    assert.deepEqual(complaints, [])
  })

  test(`a dead Segue, ${name}: the baseline, which stays`, async () => {
    shop.dead = true
    const { page } = await buyer({ viewport })
    await page.goto(shop.url)
    await page.waitForFunction(plain => window.seen.headlines.includes(plain), plain)
    await frames(page)
    const { headlines, shift, shifts } = await seen(page)
    assert.deepEqual(headlines, [plain])
    assert.equal(shift, 0, JSON.stringify(shifts))
  })
}

test('a slot that is still being read is decided when it is there', async () => {
  const { page, complaints } = await buyer()
  shop.pages['/slowly'] = async answer => {
    answer.write(`<!doctype html><title>Slowly</title><link rel="icon" href="data:,"><style>segue-slot:not([variant]) { visibility: hidden }</style>
      <script src="/segue.js"></script><segue-slot name="home-hero"><section class="hero"><h1>${plain}</h1>`)
    await until('an answer', () => shop.requests.some(({ url, status }) => url.startsWith('/v1/resolve') && status === 200))
    await new Promise(resolve => setTimeout(resolve, 300))
    answer.write(`</section><template data-variant="hero-finish-order"><section class="hero"><h1>${chosen}</h1></section></template>`)
    await new Promise(resolve => setTimeout(resolve, 300))
    answer.end('</segue-slot><p>The end</p>')
  }
  await page.goto(shop.url + '/slowly')
  await settled(page)
  await frames(page)
  assert.deepEqual((await seen(page)).headlines, [chosen])
  assert.equal(await page.locator('h1').count(), 1)
  assert.deepEqual(complaints, [])
})

test('nothing is asked of anybody else, and nothing is asked for leave', async () => {
  const { page, context, complaints } = await buyer()
  const hosts = new Set()
  const methods = new Set()
  context.on('request', request => {
    hosts.add(new URL(request.url()).origin)
    methods.add(request.method())
  })
  await page.goto(shop.url)
  await settled(page)
  await page.click('a[href="/products/crane-kettle"]')
  await settled(page)
  await page.click('[data-add]')
  await page.click('a[href="/basket"]')
  await settled(page)
  await until('it is all sent', () => shop.signals().some(({ event }) => event === 'Cart Viewed'))
  assert.deepEqual([...hosts], [shop.url])
  assert.ok(!methods.has('OPTIONS'))
  assert.deepEqual(complaints, [], 'under a policy without inline scripts, eval and sinks for text')
})

test('a page that the server resolved asks nothing, and its exposures count', async () => {
  const { page, id, complaints } = await buyer({ front: server })
  await page.goto(server.url)
  await settled(page)
  assert.equal(await page.evaluate(() => segue.visitor), id)
  const { headlines, shift } = await seen(page)
  assert.deepEqual(headlines, [chosen])
  assert.equal(shift, 0)
  await until('the exposure', () => count(id, 'exposures').then(n => n === 1))
  assert.equal(server.requests.filter(({ url }) => url.startsWith('/v1/resolve')).length, 0)
  assert.equal(await count(id, 'pages'), 1)
  assert.deepEqual(complaints, [])
})

test('without scripts the page is the baseline at once', async () => {
  const { page } = await buyer({ javaScriptEnabled: false })
  await page.goto(shop.url)
  assert.ok(await page.locator('.hero h1').isVisible())
  assert.equal(await page.locator('.hero h1').textContent(), plain)
})
