// Whether something was really seen.

import { on, visible } from './browser'

const SECOND = 1000
const STEPS = [0, 0.2, 0.5]

/** Half of it is on the screen, or it covers half of the screen, or it is nothing and would be here. */
const half = (e: IntersectionObserverEntry) =>
  e.isIntersecting && (e.intersectionRatio >= 0.5 || e.intersectionRect.height >= innerHeight / 2)

/** Calls seen once, when half of an element was visible for a second; returns how to stop. */
export function watch(element: Element, seen: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined
  const stop = () => {
    clearTimeout(timer)
    observer.disconnect()
    shown()
  }
  const observer = new IntersectionObserver(entries => {
    clearTimeout(timer)
    timer = undefined
    if (visible() && half(entries[entries.length - 1])) {
      timer = setTimeout(() => {
        stop()
        seen()
      }, SECOND)
    }
  }, { threshold: STEPS })
  const begin = () => {
    clearTimeout(timer)
    observer.disconnect()
    observer.observe(element) // which tells at once how it is
  }
  const shown = on(document, 'visibilitychange', begin)
  begin()
  return stop
}
