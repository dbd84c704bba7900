// Segue as the tests of analytics clients see it: what it knows of visitors, and
// what is done to it.

import assert from 'node:assert/strict'
import { subscribe } from 'node:diagnostics_channel'

/** What becomes of the requests of this process to one port, whoever sends them. */
class Wire {
  #port
  #waiting = { answer: [], failure: [] }

  constructor(port) {
    this.#port = port
    const portOf = { undici: request => new URL(request.origin).port, http: request => request.getHeader('host')?.split(':')[1] }
    subscribe('undici:request:headers', ({ request }) => this.#happened('answer', portOf.undici(request)))
    subscribe('undici:request:error', ({ request }) => this.#happened('failure', portOf.undici(request)))
    subscribe('undici:client:connectError', ({ connectParams }) => this.#happened('failure', connectParams.port))
    subscribe('http.client.response.finish', ({ request }) => this.#happened('answer', portOf.http(request)))
    subscribe('http.client.request.error', ({ request }) => this.#happened('failure', portOf.http(request)))
  }

  #happened(what, port) {
    if (port !== this.#port) return
    this.#waiting[what] = this.#waiting[what].filter(wait => --wait.more > 0 || wait.resolve())
  }

  /** Resolves when that many more requests have met with an answer or a failure. */
  next(what, more = 1) {
    return new Promise(resolve => this.#waiting[what].push({ more, resolve }))
  }
}

export class Segue {
  #control
  #wire
  url

  /** @param {string} told what the environment variable ANALYTICS says */
  constructor(told) {
    const { url, control } = JSON.parse(told)
    this.url = url
    this.#control = control
    this.#wire = new Wire(new URL(url).port)
  }

  /** The proofs of all segments for a visitor, by segment, as resolving tells them. */
  async #proofs(visitor) {
    const answer = await fetch(`${this.url}/v1/resolve?explain=true&visitor=${encodeURIComponent(visitor)}`)
    assert.equal(answer.status, 200)
    return Object.fromEntries((await answer.json()).explain.map(one => [one.segment, one]))
  }

  /** The signals, by segment, for which a visitor is in these: {id, event, at}. */
  async signals(visitor, segments) {
    const proofs = await this.#proofs(visitor)
    return Object.fromEntries(segments.map(segment => {
      const { member, proof } = proofs[segment]
      assert.ok(member, `${visitor} is not ${segment}: ${JSON.stringify(proof)}`)
      return [segment, (proof.of?.at(-1) ?? proof).signals[0]]
    }))
  }

  /** How many steps Segue knows of a visitor, and how many that differ. */
  async steps(visitor) {
    const proofs = await this.#proofs(visitor)
    return { all: Number(proofs['steps'].proof.found), different: Number(proofs['different-steps'].proof.found) }
  }

  async #told(what) {
    assert.equal((await fetch(`${this.#control}/${what}`, { method: 'POST' })).status, 200)
  }

  /**
   * Kills Segue when it has answered some requests more, and starts it again
   * when a request has failed for that.
   */
  async crash(answers = 20) {
    await this.#wire.next('answer', answers)
    const failure = this.#wire.next('failure')
    await this.#told('kill')
    await failure
    await this.#told('restart')
  }
}

/** The steps that a client sends: 10,000 in all, of 40 visitors. */
const visitors = 40, each = 250

/**
 * Has a client send all steps, and kills Segue three times meanwhile.
 * @param {(visitor: string, n: number) => void|Promise<void>} send may wait until
 * the client has room for more
 */
export async function sendWhileCrashing(segue, send) {
  let crash
  for (let n = 0; n < each; n++) {
    for (let v = 0; v < visitors; v++) await send(`v${v}`, n)
    if (n === 60 || n === 120 || n === 180) {
      await crash
      crash = segue.crash()
    }
  }
  await crash
}

/** Asserts that Segue knows all steps, none of them twice. */
export async function assertAllSteps(segue) {
  for (let v = 0; v < visitors; v++) assert.deepEqual(await segue.steps(`v${v}`), { all: each, different: each }, `v${v}`)
}
