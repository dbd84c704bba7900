// An edge that knows nothing of Segue but docs/edge.md and its public keys.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';

// Two nodes of one cluster, before and after a key is exchanged.
const { before, after } = JSON.parse(process.env.EDGE_NODES);

const docs = await readFile(new URL('../../docs/edge.md', import.meta.url), 'utf8');
const snippet = /```js\n([\s\S]*?)```/.exec(docs)[1];
const { verify } = await import(`data:text/javascript,${encodeURIComponent(snippet)}`);

const keysOf = async (node) => (await (await fetch(`${node}/.well-known/jwks.json`)).json()).keys;

// snapshotOf resolves as the browser of a visitor does.
async function snapshotOf(node, page = 'page:home') {
  const res = await fetch(`${node}/v1/resolve`, {
    method: 'POST',
    headers: { cookie: 'ajs_anonymous_id=edge-1', 'sec-fetch-site': 'same-origin' },
    body: JSON.stringify({ page, signals: [{ type: 'track', event: 'Product Added', properties: { product_id: 'p1' } }] }),
  });
  assert.equal(res.status, 200);
  const cookie = res.headers.getSetCookie().find((c) => c.startsWith('segue_snap='));
  assert.ok(cookie, 'a browser gets a snapshot');
  return { answer: await res.json(), cookie, token: /^segue_snap=([^;]*)/.exec(cookie)[1] };
}

const base64url = (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

test('an edge reads what Segue signed', async () => {
  const { answer, cookie, token } = await snapshotOf(before);
  const claims = await verify(token, await keysOf(before));
  assert.equal(claims.sub, 'edge-1');
  assert.deepEqual(claims.seg, answer.segments);
  assert.equal(claims.vk, answer.key);
  assert.equal(claims.pg, answer.page.sys.id);
  assert.ok(answer.revision.rules.startsWith(claims.rv));
  assert.match(cookie, /HttpOnly/);
  assert.ok(token.length <= 400, `${token.length} bytes`);

  const page = await fetch(`${before}/v1/pages/${claims.pg}/${claims.vk}`);
  assert.equal(page.headers.get('segue-key'), claims.vk, 'the key serves the page');
});

test('a snapshot ends with its answer', async () => {
  const { answer, token } = await snapshotOf(before);
  const keys = await keysOf(before);
  const { iat, exp } = await verify(token, keys);
  assert.ok(exp - iat <= 3600);
  if (answer.validUntil) assert.ok(exp * 1000 <= Date.parse(answer.validUntil));
  assert.ok(await verify(token, keys, exp * 1000 - 1));
  assert.equal(await verify(token, keys, exp * 1000), null);
});

test('keys are exchanged', async () => {
  const [old, fresh] = [await snapshotOf(before), await snapshotOf(after)];
  const [oldKeys, freshKeys] = [await keysOf(before), await keysOf(after)];
  assert.equal(oldKeys.length, 1);
  assert.equal(freshKeys.length, 2);
  assert.ok(await verify(old.token, freshKeys), 'the old key is still live');
  assert.ok(await verify(fresh.token, freshKeys));
  assert.equal(await verify(fresh.token, oldKeys), null, 'an edge must fetch the keys anew');
  for (const key of freshKeys) assert.equal(key.d, undefined, 'only public keys are published');
});

test('nothing else is believed', async () => {
  const { token } = await snapshotOf(before);
  const keys = await keysOf(before);
  const [header, payload, signature] = token.split('.');
  const { kid } = JSON.parse(Buffer.from(header, 'base64url'));
  const forged = base64url({ ...JSON.parse(Buffer.from(payload, 'base64url')), sub: 'admin', exp: 9999999999 });
  const hs256 = base64url({ alg: 'HS256', kid });
  const mac = createHmac('sha256', Buffer.from(keys[0].x, 'base64url')).update(`${hs256}.${forged}`).digest('base64url');
  const bent = signature[0] === 'A' ? `B${signature.slice(1)}` : `A${signature.slice(1)}`;
  for (const [name, bad] of Object.entries({
    'another payload': `${header}.${forged}.${signature}`,
    'another signature': `${header}.${payload}.${bent}`,
    'no signature': `${base64url({ alg: 'none', kid })}.${forged}.`,
    'the public key as a shared secret': `${hs256}.${forged}.${mac}`,
    'another kid': `${base64url({ alg: 'EdDSA', kid: 'none' })}.${payload}.${signature}`,
    'no token': 'nonsense',
    nothing: '',
  })) {
    assert.equal(await verify(bad, keys), null, name);
    const res = await fetch(`${before}/v1/edge`, { headers: { cookie: `ajs_anonymous_id=edge-1; segue_snap=${bad}` } });
    assert.equal(res.status, 204, name);
  }
});

test('a proxy is answered 204 whatever it asks', async () => {
  for (const [method, path, headers] of [
    ['GET', '/v1/edge', {}],
    ['GET', '/v1/edge', { 'x-original-uri': '/?q=1' }],
    ['POST', '/v1/edge/any/path?x=y', { cookie: 'ajs_anonymous_id=%00' }],
    ['DELETE', '/v1/edge?page=nowhere', { 'x-original-uri': '::::' }],
    ['HEAD', '/v1/edge?locale=xx-XX', { cookie: 'segue_snap=a.b.c' }],
  ]) {
    const res = await fetch(before + path, { method, headers });
    assert.equal(res.status, 204, `${method} ${path}`);
    assert.ok(res.headers.get('x-segue-key'));
  }
});

test('the key of a path is that of its page', async () => {
  const { answer } = await snapshotOf(before);
  const res = await fetch(`${before}/v1/edge`, { headers: { cookie: 'ajs_anonymous_id=edge-1', 'x-original-uri': '/' } });
  assert.equal(res.headers.get('x-segue-page'), answer.page.sys.id);
  assert.equal(res.headers.get('x-segue-key'), answer.key);
  assert.equal(res.headers.get('x-segue-segment'), answer.segment);
  assert.equal(res.headers.get('x-segue-fallback'), null);
});
