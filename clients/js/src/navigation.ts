// Page views: of documents, of navigation within them, of documents come back.

import { on, run } from './browser'

interface NavigationLike extends EventTarget {}

const at = () => location.pathname + location.search

/** Calls begin for each page view after the first; returns how to stop. */
export function navigations(begin: (referrer: string) => void): () => void {
  let path = at()
  let url = location.href
  const look = () => {
    const from = url
    url = location.href
    if (path != (path = at())) begin(from)
  }
  const stops = [
    on(window, 'pageshow', event => {
      if ((event as PageTransitionEvent).persisted) begin(document.referrer)
    }),
  ]
  const nav = (window as { navigation?: NavigationLike }).navigation
  if (nav) stops.push(on(nav, 'currententrychange', look))
  else {
    stops.push(on(window, 'popstate', look))
    for (const name of ['pushState', 'replaceState'] as const) {
      const own = history[name]
      const ours: typeof own = (...args) => {
        own.apply(history, args)
        look()
      }
      history[name] = ours
      stops.push(() => {
        if (history[name] == ours) history[name] = own
      })
    }
  }
  return () => run(stops)
}
