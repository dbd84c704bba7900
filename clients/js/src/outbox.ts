// Signals on their way: queued, sent in batches, kept where that fails.

import { now, random, read, write } from './browser'

/** A signal as it is sent. */
export type Message = { messageId: string; anonymousId?: string; [field: string]: unknown }

const STORED = 'segue.queue'
/** How many signals are kept for another page, and how many in memory. */
const MAX_STORED = 100
const MAX_WAITING = 1000
/** Bytes of a request; a browser lets 64 KiB outlive their page. */
const MAX_BYTES = 60e3
const DELAY = 500
const MAX_DELAY = 60e3

export interface Outbox {
  add(fields: Record<string, unknown>): string
  /** Takes what waits, to be sent in another way; it must be settled. */
  take(): Message[]
  settle(messages: Message[], sent: boolean): void
  flush(): Promise<void>
  /** Sends what waits in a way that outlives the page. */
  leave(): void
  clear(): void
  /** Gives what waits to who is known now, before that changes. */
  stamp(): void
}

const stored = (): Message[] => {
  try {
    return JSON.parse(read(STORED) || '[]')
  } catch {
    return []
  }
}

/** Stores what another page shall send, beside what other tabs stored. */
const store = (messages: Message[], sent?: boolean) => {
  const ids = new Set(messages.map(m => m.messageId))
  const kept = [...stored().filter(m => !ids.has(m.messageId)), ...(sent ? [] : messages)].slice(-MAX_STORED)
  write(STORED, kept.length ? JSON.stringify(kept) : null)
}

const bodyOf = (batch: Message[], context: unknown) => JSON.stringify({ batch, sentAt: now(), context })
const bytes = (text: string) => new Blob([text]).size

/** id tells the visitor; empty = not known yet, and until then nothing is sent. */
export function createOutbox(url: string, context: unknown, id: () => string): Outbox {
  let waiting = stored()
  const taken = new Set<Message>()
  let timer: ReturnType<typeof setTimeout> | undefined
  let failures = 0
  let busy: Promise<void> | undefined

  const schedule = (delay: number) => {
    clearTimeout(timer)
    timer = setTimeout(flush, delay)
  }

  const stamp = () => waiting.forEach(m => (m.anonymousId ||= id()))

  const free = () => waiting.filter(m => !taken.has(m))

  /** As many as fit into a request, at least one. */
  const chunk = (from: Message[]) => {
    let size = 200
    let n = 0
    while (n < from.length && n < MAX_STORED && ((size += bytes(JSON.stringify(from[n])) + 1) < MAX_BYTES || !n)) n++
    return from.slice(0, n)
  }

  const take = () => {
    const batch = chunk(free())
    batch.forEach(m => taken.add(m))
    return batch
  }

  const settle = (messages: Message[], sent: boolean) => {
    messages.forEach(m => taken.delete(m))
    if (sent) waiting = waiting.filter(m => !messages.includes(m))
    store(messages, sent)
    if (!sent) schedule(DELAY)
  }

  /** Sends one batch; false if there is nothing more to send now. */
  const sendOne = async () => {
    if (!id()) return false
    stamp()
    const batch = take()
    if (!batch.length) return false
    let wait = 0
    let status = 0
    try {
      const body = bodyOf(batch, context)
      const res = await fetch(url, { method: 'POST', body, keepalive: bytes(body) < MAX_BYTES })
      status = res.status
      wait = Number(res.headers.get('Retry-After')) * 1000
    } catch {
      // the network is gone, or the page
    }
    const again = !status || status == 429 || status >= 500
    settle(batch, !again)
    if (!again) {
      if (status >= 400) console.error('segue:', status, batch)
      failures = 0
      return true
    }
    schedule(wait || Math.min(MAX_DELAY, 1000 * 2 ** failures++) * (1 + Math.random()) / 2)
    return false
  }

  const flush = () => {
    clearTimeout(timer)
    return (busy ??= (async () => {
      while (await sendOne());
      busy = undefined
    })())
  }

  if (waiting.length) schedule(DELAY)
  return {
    add(fields) {
      const messageId = random()
      waiting.push({ messageId, timestamp: now(), ...fields })
      waiting.splice(0, waiting.length - MAX_WAITING)
      if (!failures) schedule(DELAY)
      return messageId
    },
    take,
    settle,
    stamp,
    flush,
    leave() {
      if (id()) stamp()
      store([...taken]) // their answers may not come any more
      for (let batch; (batch = chunk(free())).length; ) {
        const sent = id() && !failures && navigator.onLine !== false && navigator.sendBeacon(url, bodyOf(batch, context))
        if (!sent) {
          store(free())
          break
        }
        settle(batch, true)
      }
    },
    clear() {
      waiting = []
      write(STORED, null)
    },
  }
}
