// The page of examples/from-contentful-personalization in a browser: an SDK that
// knows nothing of Segue, told another address.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { launch, userAgent } from './lib/chromium.mjs'

const site = process.env.MIGRATION_URL

let browser

// Chromium's path is told by CHROMIUM.
before(async () => { browser = await launch() })
after(() => browser?.close())

/** Opens the page as a visitor of the example, whose id the SDK keeps in the browser. */
async function visit(visitor) {
  const page = await browser.newPage({ userAgent })
  page.problems = []
  page.on('pageerror', error => page.problems.push(String(error)))
  page.on('request', request => {
    if (!request.url().startsWith(site) && !request.url().startsWith('data:')) page.problems.push(`asked ${request.url()}`)
  })
  await page.addInitScript(id => {
    localStorage.clear()
    if (id) localStorage.setItem('__nt_anonymous_id__', id)
  }, visitor)
  await page.goto(site)
  return page
}

const sees = (page, entry) => page.waitForSelector(`section[data-entry="${entry}"]`, { state: 'attached', timeout: 60_000 })

test('visitors of the example get their variants through the SDK', async () => {
  for (const [visitor, entries] of Object.entries({
    'buyer-ana': ['hero-finish-order', 'promo-today', 'hidden'],
    'comparer-cem': ['hero-compare-grinders', 'featured-grinders', 'reviews-grinders'],
    'browser-bea': ['hero-find-your-brew', 'newsletter-first-cup'],
  })) {
    const page = await visit(visitor)
    for (const entry of entries) await sees(page, entry)
    assert.deepEqual(page.problems, [], visitor)
    await page.close()
  }
})

test('what a new visitor does changes the page at once', async () => {
  const page = await visit()
  await sees(page, 'home-hero')
  await page.click('#add')
  await page.click('#checkout')
  await sees(page, 'hero-finish-order')
  assert.deepEqual(page.problems, [])
  await page.close()
})
