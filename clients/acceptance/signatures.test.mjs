// Contentful's toolkit and Segue sign alike, and each verifies the other.

import assert from 'node:assert/strict'
import http from 'node:http'
import { test } from 'node:test'
import { signRequest, verifyRequest } from '@contentful/node-apps-toolkit'
import { Random } from './lib/random.mjs'

const url = process.env.SIGNATURES_URL
const secret = '0123456789abcdef'.repeat(4)
const other = 'fedcba9876543210'.repeat(4)
const MINUTE = 60_000

const alphanumeric = 'abcXYZ019'
const ofURLs = alphanumeric + '/-_.~!*\'();:@&=+$,'
const onTheWire = [...ofURLs, '%2F', '%C3%A9', '%20', '%3F']
const unicode = ofURLs + '% é€😀"<>\\^`{|}[]#\t\u00a0'

/** A request with odd path, query, headers and body. */
function generated(random) {
  const headers = {}
  for (let n = random.below(5); n > 0; n--) {
    const name = random.one(['X-', 'x-', 'X-CONTENTFUL-']) + random.one(alphanumeric) + random.text(alphanumeric, 8)
    headers[name] = random.text(' \t', 2) + random.text(unicode.replace('\t', ''), 12) + random.text(' \t', 2)
  }
  let path = '/' + random.text(unicode, 12)
  for (let n = random.below(3); n > 0; n--) path += '?' + random.text(unicode, 12)
  const context = random.one([
    undefined,
    { spaceId: 'sp1', envId: 'master', appId: 'a1' },
    { crn: 'crn:contentful:::content:spaces/sp1', spaceId: ' sp1 ', envId: 'é', userId: 'u1' },
  ])
  return {
    method: random.one(['GET', 'PATCH', 'HEAD', 'POST', 'DELETE', 'OPTIONS', 'PUT']),
    path,
    headers: distinct(headers),
    body: random.text(unicode + '\n', 40),
    context,
  }
}

/** The headers without those whose names differ in case only. */
function distinct(headers) {
  return Object.fromEntries(Object.entries(headers).filter(([name], i, all) =>
    all.findIndex(([earlier]) => earlier.toLowerCase() === name.toLowerCase()) === i))
}

const lowered = (headers) => Object.fromEntries(Object.entries(headers).map(([k, v]) => [k.toLowerCase(), v]))

const inOurWords = ({ crn, spaceId, envId, userId, appId } = {}) =>
  ({ CRN: crn, Space: spaceId, Environment: envId, User: userId, App: appId })

async function ask(path, { context, ...request }) {
  const body = JSON.stringify({ ...request, context: inOurWords(context) })
  const response = await fetch(url + path, { method: 'POST', body })
  const text = await response.text()
  return response.ok ? JSON.parse(text) : { refused: text.trim() }
}

const canonical = ({ method, path, headers, body }, more) => ({ method, path, headers: { ...headers, ...more }, body })

test('both sign alike, and each verifies the other', async () => {
  const random = new Random(1)
  for (let i = 0; i < 300; i++) {
    const request = generated(random)
    const timestamp = Date.now() - random.below(20_000)
    const theirs = signRequest(secret, canonical(request), timestamp, request.context)
    const ours = await ask('/sign', { ...request, secret, timestamp })
    assert.deepEqual(lowered(ours), lowered(theirs), JSON.stringify(request))
    assert.equal(verifyRequest(secret, canonical(request, lowered(ours))), true)
    assert.deepEqual(await ask('/verify', { ...canonical(request, theirs), secret, timestamp: Date.now() }), {})
  }
})

test('both refuse what was tampered with', async () => {
  const random = new Random(2)
  const toolkit = (s, r) => {
    try {
      return verifyRequest(s, r)
    } catch {
      return false
    }
  }
  const changes = {
    body: (r) => ({ ...r, body: r.body + ' ' }),
    method: (r) => ({ ...r, method: r.method === 'GET' ? 'POST' : 'GET' }),
    path: (r) => ({ ...r, path: '/x' + r.path.slice(1) }),
    query: (r) => ({ ...r, path: r.path.split('?')[0] + '?' + (r.path.split('?')[1] ?? '') + 'x' }),
    header: (r) => ({ ...r, headers: { ...r.headers, 'x-signed': 'another' } }),
    'missing header': (r) => ({ ...r, headers: { ...r.headers, 'x-signed': undefined } }),
    'list of headers': (r) => ({ ...r, headers: { ...r.headers, 'x-contentful-signed-headers': 'x-contentful-signed-headers,x-contentful-timestamp' } }),
    timestamp: (r) => ({ ...r, headers: { ...r.headers, 'x-contentful-timestamp': String(Date.now() - 21_000) } }),
    signature: (r) => ({ ...r, headers: { ...r.headers, 'x-contentful-signature': '0'.repeat(64) } }),
    unsigned: (r) => ({ ...r, headers: { 'x-signed': 'yes' } }),
  }
  for (let i = 0; i < 20; i++) {
    const request = generated(random)
    request.headers['x-signed'] = 'yes'
    const timestamp = Date.now() - random.below(20_000)
    const signed = canonical(request, signRequest(secret, canonical(request), timestamp))
    for (const [what, change] of Object.entries(changes)) {
      const tampered = JSON.parse(JSON.stringify(change(signed)))
      assert.equal(toolkit(secret, tampered), false, `toolkit: ${what}`)
      const { refused } = await ask('/verify', { ...tampered, secret, timestamp: Date.now() })
      assert.ok(refused, `segue: ${what}: ${JSON.stringify(tampered)}`)
    }
    assert.equal(toolkit(other, signed), false)
    assert.match((await ask('/verify', { ...signed, secret: other, timestamp: Date.now() })).refused, /under any secret/)
  }
})

test('both refuse what is old', async () => {
  const request = { method: 'POST', path: '/hook', headers: {}, body: '{}' }
  const signed = canonical(request, signRequest(secret, request, Date.now() - MINUTE))
  assert.throws(() => verifyRequest(secret, signed), /within 30s/)
  assert.match((await ask('/verify', { ...signed, secret, timestamp: Date.now() })).refused, /expired/)
})

/** Sends a request as it is: no part is normalized on the way. */
function send(method, path, headers, body) {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url)
    const request = http.request({ hostname, port, method, path, headers }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode))
    })
    request.on('error', reject).end(body)
  })
}

test('a request signed by the toolkit is good as it arrives', async () => {
  const random = new Random(3)
  for (let i = 0; i < 100; i++) {
    const headers = {
      'Content-Type': 'application/vnd.contentful.management.v1+json',
      'X-Contentful-Topic': 'ContentManagement.Entry.publish',
      'X-Contentful-Webhook-Name': random.text(' \t', 2) + random.text(alphanumeric + 'éß¿\u00a0', 10) + random.text(' \t', 2),
    }
    const path = '/' + random.text(onTheWire, 15) + random.one(['', '?', '?' + random.text([...onTheWire, '?'], 15)])
    const body = random.text(unicode, 50)
    const signed = signRequest(secret, { method: 'POST', path, headers, body })
    const all = { ...headers, ...signed, 'Segue-Test-Secret': secret }
    assert.equal(await send('POST', path, all, body), 200, JSON.stringify({ path, headers }))
    assert.equal(await send('POST', path, all, body + ' '), 403)
  }
})
