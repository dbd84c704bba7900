// OpenFeature's provider for browsers, in one, on a page of another origin.

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import http from 'node:http'
import { after, before, test } from 'node:test'
import { chromium } from 'playwright-core'

const at = JSON.parse(process.env.OFREP)
const openfeature = '/node_modules/@openfeature'
const page = `<!doctype html><html lang="en"><title>Shop</title>
<script type="importmap">${JSON.stringify({
  imports: {
    '@openfeature/web-sdk': `${openfeature}/web-sdk/dist/esm/index.js`,
    '@openfeature/core': `${openfeature}/core/dist/esm/index.js`,
    '@openfeature/ofrep-web-provider': `${openfeature}/ofrep-web-provider/index.esm.js`,
    '@openfeature/ofrep-core': `${openfeature}/ofrep-web-provider/node_modules/@openfeature/ofrep-core/index.esm.js`,
  },
})}</script>
<script type="module">
  import { OpenFeature, ProviderEvents } from '@openfeature/web-sdk'
  import { OFREPWebProvider } from '@openfeature/ofrep-web-provider'
  window.changes = []
  OpenFeature.addHandler(ProviderEvents.ConfigurationChanged, details => window.changes.push(details.flagsChanged))
  await OpenFeature.setContext({ targetingKey: 'chromium-cho', page: 'page:home' })
  await OpenFeature.setProviderAndWait(new OFREPWebProvider({ baseUrl: ${JSON.stringify(at.url)}, headers: [['Authorization', 'Bearer pk_1']] }))
  window.OpenFeature = OpenFeature
</script></html>`

let served, browser

before(async () => {
  served = http.createServer(async (request, answer) => {
    if (!request.url.startsWith(openfeature)) {
      answer.writeHead(200, { 'Content-Type': 'text/html' }).end(page)
      return
    }
    answer.writeHead(200, { 'Content-Type': 'text/javascript' }).end(await readFile(`.${request.url}`))
  })
  await new Promise(resolve => served.listen(0, '127.0.0.1', resolve))
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ['--no-sandbox'] })
})

after(async () => {
  await browser?.close()
  served?.close()
})

test('an open page is told of a signal, and asks with the tag it has', async () => {
  const tab = await browser.newPage()
  const evaluations = []
  tab.on('response', async answer => {
    if (answer.url().includes('/ofrep/v1/evaluate') && answer.request().method() === 'POST') {
      evaluations.push([answer.status(), (await answer.request().allHeaders())['if-none-match'] !== undefined])
    }
  })
  const streamed = tab.waitForRequest(request => request.url().includes('/ofrep/v1/events'))
  await tab.goto(`http://127.0.0.1:${served.address().port}/`)
  await tab.waitForFunction(() => window.OpenFeature)
  await streamed
  const intent = () => tab.evaluate(() => window.OpenFeature.getClient().getBooleanValue('segment.high-intent', false))
  assert.equal(await intent(), false)
  for (const event of ['Product Added', 'Cart Viewed']) {
    const body = JSON.stringify({ anonymousId: 'chromium-cho', event })
    assert.equal((await fetch(`${at.url}/v1/track`, { method: 'POST', body })).status, 200)
  }
  await tab.waitForFunction(() => window.OpenFeature.getClient().getBooleanValue('segment.high-intent', false))
  assert.ok((await tab.evaluate(() => window.changes)).flat().includes('slot.home-hero'))
  assert.deepEqual(evaluations[0], [200, false])
  assert.deepEqual(evaluations[1], [200, true])
})
