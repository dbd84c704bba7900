// The client: signals out, answers in.

import { now, on, random, run, visible, type Stop } from './browser'
import { find } from './content'
import { watch as watchElement } from './exposure'
import { navigations } from './navigation'
import { createOutbox, type Message } from './outbox'
import { beat, depths } from './reading'
import { createVisitor } from './visitor'
import type { Answer, Call, Choice, Consent, Options, Props, Renderer, Segue } from './types'

/** How long to wait for an answer at all. Slots show their baseline much sooner. */
const PATIENCE = 10e3
const MAX_TIMER = 2 ** 31 - 1

/** What slots need to know beyond the public interface. */
export interface Client extends Segue {
  /** Whether an answer is on its way. */
  readonly pending: boolean
  /** Makes the nodes for an entry; undefined if nobody knows how. */
  make(entry: string, slot: Element): Node[] | undefined
}

export function createClient(options: Options = {}): Client {
  const { endpoint = '', key, context } = options
  const url = (path: string) => endpoint + path + (key ? '?writeKey=' + encodeURIComponent(key) : '')

  let agreed: Consent = options.consent ?? !(navigator as { globalPrivacyControl?: boolean }).globalPrivacyControl
  const allowed = () => agreed !== false
  const visitor = createVisitor(options.visitor, options.cookies ?? [], options.domain, new URL(endpoint || '/', location.href).origin != location.origin, allowed)
  const purposes = () => (typeof agreed == 'object' ? { consent: { categoryPreferences: agreed } } : undefined)

  const browser = { locale: navigator.language }
  const outbox = createOutbox(url('/v1/batch'), browser, visitor.id)

  // The page view.
  let view = ''
  let referrer = document.referrer
  let seenHere = new Set<string>()
  const reading: Stop[] = []
  const where = () => ({ path: location.pathname, search: location.search, url: location.href, referrer, title: document.title })

  const held: Stop[] = []

  /** Queues a signal and returns its id; what is told while nobody looks waits. */
  const add = (fields: Props): string => {
    if (!allowed()) return ''
    if (prerendering()) {
      held.push(() => add(fields))
      return ''
    }
    return outbox.add({ userId: visitor.user(), context: { page: where(), ...purposes() }, ...fields })
  }
  const track = (event: string, properties: Props = {}) => {
    add({ type: 'track', event, properties })
  }

  // The answer.
  let answer: Answer | null = options.state ?? stateOf(document)
  const booted = !!answer
  if (answer && visitor.asks()) visitor.keep(answer.visitor)
  let asking: Promise<Answer | null> | undefined
  let expiry: ReturnType<typeof setTimeout> | undefined
  let stale = false
  const listeners = new Set<(answer: Answer | null) => void>()
  const renderers: Record<string, Renderer> = {}

  const told = (got: Answer | null) => {
    if (got) {
      answer = got
      expire(got)
    }
    ;[...listeners].forEach(heard => heard(got))
    return got
  }

  /** Asks anew when an answer ends by itself, by how long it holds and not by this clock. */
  const expire = ({ at, validUntil }: Answer) => {
    clearTimeout(expiry)
    stale = false
    if (!validUntil) return
    const holds = Math.max(1000, Date.parse(validUntil) - Date.parse(at)) + Math.random() * 1000 // not all at once
    expiry = setTimeout(() => {
      stale = true
      shown()
    }, Math.min(holds, MAX_TIMER))
  }
  const shown = () => {
    if (stale && visible()) void refresh()
  }

  const ask = async (signals: Message[], asks = visitor.asks()): Promise<Answer | null> => {
    const page = typeof options.page == 'function' ? options.page() : options.page
    let got: Answer | null = null
    let status = 0
    try {
      const res = await fetch(url('/v1/resolve'), {
        method: 'POST',
        signal: AbortSignal.timeout(PATIENCE),
        body: JSON.stringify({
          visitor: asks ? undefined : { anonymousId: visitor.id(), userId: visitor.user() },
          signals: signals.map(m => ({ ...m, sentAt: now() })),
          context: { ...browser, userAgent: navigator.userAgent, page: where(), ...purposes(), ...context },
          page, locale: options.locale, navigation: random(),
        }),
      })
      status = res.status
      if (res.ok) got = await res.json()
      else console.error('segue:', status, await res.text())
    } catch {
      // the network, a timeout, or the page is gone
    }
    if (asks && (got || !visitor.id())) visitor.keep(got?.visitor)
    outbox.settle(signals, !!got)
    // A bad signal costs itself only.
    return signals.length && (status == 400 || status == 413) ? ask([], false) : got
  }

  const refresh = () => {
    const mine: Promise<Answer | null> = ask(allowed() && !prerendering() ? outbox.take() : []).then(got => {
      if (asking != mine) return got // it was overtaken
      asking = undefined
      return told(got)
    })
    return (asking = mine)
  }
  const resolve = () => asking ?? (answer && !stale ? Promise.resolve(answer) : refresh())

  const page = (name?: string, properties?: Props) => {
    run(reading)
    seenHere = new Set()
    view = add({ type: 'page', name, properties })
    if (!view) return
    if (options.dwell) reading.push(beat(view, options.dwell === true ? 15 : +options.dwell, track))
    if (options.scroll) reading.push(depths(view, track))
  }

  const seen = (slot: string, { variant, entry, experience }: Choice) => {
    const what = [slot, experience, variant].join()
    if (!experience || seenHere.has(what)) return
    seenHere.add(what)
    add({ type: 'component', componentId: entry ?? slot, experienceId: experience, variantIndex: variant, viewId: view || undefined })
  }

  const push = (...calls: Call[]) => {
    for (const call of calls) {
      if (typeof call == 'function') call(client)
      else (client as unknown as Record<string, (...args: unknown[]) => unknown>)[call[0]]?.(...call.slice(1))
    }
  }

  const client: Client = {
    get visitor() { return visitor.id() },
    get answer() { return answer },
    get pending() { return !!asking },
    track,
    page,
    identify(user, traits) {
      visitor.identify(user)
      add({ type: 'identify', traits })
    },
    reset() {
      outbox.stamp()
      visitor.forget()
      void refresh()
    },
    consent(given) {
      const before = allowed()
      agreed = given
      if (!allowed()) {
        visitor.forget()
        outbox.clear()
      } else if (!before) start()
    },
    resolve,
    refresh,
    subscribe(heard) {
      listeners.add(heard)
      return () => { listeners.delete(heard) }
    },
    render(contentType, renderer) {
      renderers[contentType] = renderer
    },
    make(id, slot) {
      const entry = find(answer?.page, id)
      const renderer = entry && renderers[entry.sys.contentType?.sys.id ?? '']
      return renderer && [renderer(entry, slot)].flat()
    },
    seen,
    watch: (element, slot, choice) => (choice.experience ? watchElement(element, () => seen(slot, choice)) : () => {}),
    flush: outbox.flush,
    push,
    close() {
      run(reading)
      run(stops)
      clearTimeout(expiry)
      outbox.leave()
    },
  }

  /** Begins a page view, and asks what it shows. */
  const start = () => {
    if (options.pageviews !== false) page()
    void refresh()
  }
  const leave = () => {
    if (!visible()) outbox.leave()
  }
  const stops = [
    on(document, 'visibilitychange', () => { leave(); shown() }),
    on(window, 'pagehide', outbox.leave),
    on(window, 'online', () => void outbox.flush()),
    navigations(from => {
      referrer = from
      start()
    }),
  ]
  const begin = () => {
    run(held)
    if (!booted) start()
    else if (options.pageviews !== false) page()
  }
  if (!allowed()) outbox.clear()
  if (answer) expire(answer)
  queueMicrotask(() => { // what is called at once comes with the first page view
    if (!prerendering()) return begin()
    if (!booted) void refresh() // without a trace
    stops.push(on(document, 'prerenderingchange', begin, { once: true }))
  })
  return client
}

/** Whether the page is only being made ready, and nobody looks at it. */
const prerendering = () => !!(document as { prerendering?: boolean }).prerendering

/** The answer that the server put into the page. */
function stateOf(page: Document): Answer | null {
  const text = page.getElementById('segue-state')?.textContent
  return text ? JSON.parse(text) : null
}
