// A front before Segue at which requests meet with what is planned for them.

import { buffer } from 'node:stream/consumers'
import http from 'node:http'

/** Headers that are of one connection only. */
const ofConnection = new Set(['host', 'connection', 'content-length', 'transfer-encoding', 'keep-alive', 'expect'])

/** A path that Segue knows nothing of. */
const nowhere = '/nowhere'

export class Front {
  #target
  #server
  #plan = []
  url
  /** Requests so far, preflights left out: {path, headers, body, at}. */
  requests = []

  /** @param {string} target the address of Segue */
  static async before(target, ...plan) {
    const front = new Front()
    front.#target = target
    front.#plan = plan
    front.#server = http.createServer((request, answer) => front.#meet(request, answer))
    await new Promise(resolve => front.#server.listen(0, '127.0.0.1', resolve))
    front.url = `http://127.0.0.1:${front.#server.address().port}`
    return front
  }

  /**
   * What each of the next requests meets with: a number is a status, with the
   * header Retry-After of `retryAfter` seconds; 'lost' is that Segue's answer
   * never arrives. Those after the last go through.
   */
  plan(...plan) {
    this.#plan.push(...plan)
  }

  close() {
    this.#server.closeAllConnections()
    this.#server.close()
  }

  async #meet(request, answer) {
    const body = await buffer(request)
    let fault
    if (request.method !== 'OPTIONS') {
      fault = this.#plan.shift()
      this.requests.push({ path: request.url, headers: request.headers, body, at: performance.now() })
    }
    const real = await this.#ask(request, fault?.status ? nowhere : request.url, body)
    if (fault === 'lost') {
      request.socket.destroy()
      return
    }
    const headers = Object.fromEntries([...real.headers].filter(([name]) => !ofConnection.has(name)))
    if (fault?.retryAfter) headers['retry-after'] = String(fault.retryAfter)
    answer.writeHead(fault?.status ?? real.status, headers).end(Buffer.from(await real.arrayBuffer()))
  }

  #ask({ method, headers }, path, body) {
    const kept = Object.entries(headers).filter(([name]) => !ofConnection.has(name))
    kept.push(['x-forwarded-host', headers.host])
    return fetch(this.#target + path, { method, headers: kept, body: ['GET', 'HEAD'].includes(method) ? undefined : body })
  }
}
