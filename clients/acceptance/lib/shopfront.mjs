// A proxy before a shop, which is one origin with Segue: what it lets through it
// remembers, and Segue behind it can be slow or gone.

import http from 'node:http'

/** Whether a request is for Segue rather than for the shop. */
const isSegue = url => url.startsWith('/v1/') || url.startsWith('/segue.')

/**
 * Starts one. `front.delay` (ms, of answers of /v1/resolve) and `front.dead` may
 * be changed; `front.patience` is the CSS time for which slots wait, since tests
 * run on busy machines; `front.pages` are more pages, or
 * promises of them, or functions that write them, by path.
 */
export async function startFront(target) {
  const front = { delay: 0, dead: false, patience: '', pages: {}, requests: [] }
  const server = http.createServer(async (request, answer) => {
    const chunks = []
    for await (const chunk of request) chunks.push(chunk)
    const body = Buffer.concat(chunks)
    const seen = { method: request.method, url: request.url, headers: request.headers, body: body.toString() }
    front.requests.push(seen)
    if (typeof front.pages[request.url] === 'function') {
      answer.writeHead(200, { 'Content-Type': 'text/html' })
      await front.pages[request.url](answer)
      return
    }
    if (front.pages[request.url]) {
      answer.writeHead(200, { 'Content-Type': 'text/html' }).end(await front.pages[request.url])
      return
    }
    if (front.dead && isSegue(request.url)) {
      request.socket.destroy()
      return
    }
    if (front.delay && request.url.startsWith('/v1/resolve')) await new Promise(resolve => setTimeout(resolve, front.delay))
    const passed = http.request(target + request.url, { method: request.method, headers: request.headers }, result => {
      seen.status = result.statusCode
      if (front.patience && request.url === '/style.css') {
        delete result.headers['content-length']
        answer.writeHead(result.statusCode, result.headers)
        answer.write(`:root { --segue-patience: ${front.patience} }\n`)
      } else answer.writeHead(result.statusCode, result.headers)
      result.pipe(answer)
    })
    passed.on('error', () => answer.destroy())
    passed.end(body)
  })
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve))
  front.url = `http://127.0.0.1:${server.address().port}`
  front.close = () => {
    server.closeAllConnections()
    server.close()
  }
  /** The signals that were sent, however. */
  front.signals = () => front.requests
    .filter(({ method, url }) => method === 'POST' && url.startsWith('/v1/'))
    .flatMap(({ body }) => { const sent = JSON.parse(body); return sent.batch ?? sent.signals ?? [] })
  front.reset = () => {
    Object.assign(front, { delay: 0, dead: false, patience: '', pages: {} })
    front.requests.length = 0
  }
  return front
}
