// How long a page is read and how far, as the rules `dwell` and `scroll` take it.

import { on, run, visible } from './browser'

/** Without any input for so long, a visitor is away. */
const IDLE = 30e3
const DEPTHS = [25, 50, 75, 100]

type Track = (event: string, properties: Record<string, unknown>) => void

/**
 * Sends heartbeats for a page view while it is visible and the visitor there.
 * A beat vouches for the time since the one before, so time away is closed by
 * one that says so.
 */
export function beat(view: string, seconds: number, track: Track): () => void {
  const interval = seconds * 1000
  let last = Date.now()
  let input = last
  let away = !visible()
  const send = (here: boolean) => {
    const now = Date.now()
    const since = (now - last) / 1000
    last = now
    if (since >= 1) track('Heartbeat', { interval: Math.min(since, seconds), visible: here || visible(), active: here, view })
  }
  const leave = () => {
    if (!away) send(true)
    away = true
  }
  const arrive = () => {
    input = Date.now()
    if (away && visible()) {
      away = false
      send(false)
    }
  }
  const timer = setInterval(() => {
    if (Date.now() - input > IDLE) leave()
    else if (!away) send(true)
  }, interval)
  const stops = [
    on(document, 'visibilitychange', () => (visible() ? arrive() : leave()), { capture: true }), // before it is all sent
    on(window, 'scroll pointermove pointerdown keydown touchstart', arrive, { passive: true, capture: true }),
  ]
  return () => {
    clearInterval(timer)
    run(stops)
    leave()
  }
}

/** Tells when a quarter of a page more has been scrolled into view. */
export function depths(view: string, track: Track): () => void {
  let told = 0
  return on(window, 'scroll', () => {
    const at = 100 * (scrollY + innerHeight) / document.documentElement.scrollHeight
    const percent = DEPTHS.filter(d => d <= at + 0.5).pop() ?? 0
    if (percent > told) {
      told = percent
      track('Scroll', { percent, view })
    }
  }, { passive: true })
}
