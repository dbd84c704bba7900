// Segue as the tests of analytics clients see it: what it knows of visitors, and
// what is done to it.

import assert from 'node:assert/strict'
import { subscribe } from 'node:diagnostics_channel'
import { setTimeout } from 'node:timers/promises'

/** What becomes of the requests to one port. */
class Wire {
  #port
  #waiting = { answer: [], failure: [] }

  constructor(port) {
    this.#port = port
  }

  happened(what, port) {
    if (port !== this.#port) return
    this.#waiting[what] = this.#waiting[what].filter(wait => --wait.more > 0 || wait.resolve())
  }

  /** Resolves when that many more requests have met with an answer or a failure. */
  next(what, more = 1) {
    return new Promise(resolve => this.#waiting[what].push({ more, resolve }))
  }

  /** Watches the requests of this process, whoever sends them. */
  watchProcess() {
    const ofFetch = request => new URL(request.origin).port
    const ofHTTP = request => request.getHeader('host')?.split(':')[1]
    subscribe('undici:request:headers', ({ request }) => this.happened('answer', ofFetch(request)))
    subscribe('undici:request:error', ({ request }) => this.happened('failure', ofFetch(request)))
    subscribe('undici:client:connectError', ({ connectParams }) => this.happened('failure', connectParams.port))
    subscribe('http.client.response.finish', ({ request }) => this.happened('answer', ofHTTP(request)))
    subscribe('http.client.request.error', ({ request }) => this.happened('failure', ofHTTP(request)))
  }

  /** Watches the requests of the pages of a Playwright context. */
  watchPages(context) {
    context.on('requestfinished', request => this.happened('answer', new URL(request.url()).port))
    context.on('requestfailed', request => this.happened('failure', new URL(request.url()).port))
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
    this.#wire.watchProcess()
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

  /** Takes note of the requests of pages too. */
  watch(context) {
    this.#wire.watchPages(context)
  }

  async #told(what) {
    assert.equal((await fetch(`${this.#control}/${what}`, { method: 'POST' })).status, 200)
  }

  /** Ends Segue as a power cut would. */
  kill() {
    return this.#told('kill')
  }

  restart() {
    return this.#told('restart')
  }

  /**
   * Kills Segue when it has answered some requests more, and starts it again
   * when a request has failed for that.
   */
  async crash(answers = 3) {
    await this.#wire.next('answer', answers)
    const failure = this.#wire.next('failure')
    await this.kill()
    await failure
    await this.restart()
  }
}

/** The steps that a client sends of 40 visitors: 10,000 in all, unless told. */
export class Steps {
  #segue
  #visitors
  #each

  constructor(segue, { visitor = 'v', each = 250 } = {}) {
    this.#segue = segue
    this.#visitors = Array.from({ length: 40 }, (_, i) => `${visitor}${i}`)
    this.#each = each
  }

  /**
   * Has a client send them, and kills Segue three times meanwhile.
   * @param {(visitor: string, n: number) => void|Promise<void>} send may wait
   * until the client has room for more
   */
  async sendWhileCrashing(send) {
    const crashes = [1, 2, 3].map(quarter => Math.ceil(quarter * this.#each / 4))
    let crash
    for (let n = 0; n < this.#each; n++) {
      if (crashes.includes(n)) {
        await crash
        crash = this.#segue.crash()
      }
      for (const visitor of this.#visitors) await send(visitor, n)
    }
    await crash
  }

  /**
   * Has the client of a page send them, 80 at a time at most, while Segue is
   * killed three times, and waits until all have arrived.
   * @param page of Playwright, where `inPage` ran
   */
  async sendFromPageWhileCrashing(page) {
    const calls = []
    await this.sendWhileCrashing(async (visitor, n) => {
      if (calls.push([visitor, n]) < 40) return
      await page.evaluate(async calls => {
        await steps.until(40)
        steps.send(calls)
      }, calls.splice(0))
    })
    await page.evaluate(() => steps.until(0))
  }

  /**
   * In a page, before its client is loaded as `analytics`: `steps.send` sends
   * steps, `steps.arrived` is told of each body that Segue has taken, and
   * `steps.until` waits until so few of those sent have not arrived. A body may
   * have steps of an earlier page too, and may come twice.
   */
  static inPage() {
    const waiting = new Set()
    window.steps = {
      send(calls) {
        for (const [anonymousId, n] of calls) {
          waiting.add(`${anonymousId} ${n}`)
          analytics.track('Step', { n }, { anonymousId })
        }
      },
      arrived(body) {
        const message = JSON.parse(body)
        for (const { anonymousId, properties } of message.batch ?? [message]) waiting.delete(`${anonymousId} ${properties?.n}`)
      },
      async until(n) {
        while (waiting.size > n) await new Promise(resolve => setTimeout(resolve, 5))
      },
    }
  }

  /** Asserts that Segue knows them all, none of them twice. */
  async assertAll() {
    const known = {}, sent = {}
    for (const visitor of this.#visitors) {
      known[visitor] = await this.#segue.steps(visitor)
      sent[visitor] = { all: this.#each, different: this.#each }
    }
    assert.deepEqual(known, sent)
  }
}

/** Waits until an assertion holds, for a client that does not say when it is done. */
export async function eventually(assertion, patience = 60_000) {
  for (const end = performance.now() + patience; ; await setTimeout(100)) {
    try {
      return await assertion()
    } catch (error) {
      if (performance.now() > end) throw error
    }
  }
}
