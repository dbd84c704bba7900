// What browsers refuse in private windows, and what they do not have.

/** A value of this origin's storage; null if there is none. */
export const read = (key: string): string | null => {
  try {
    return localStorage.getItem(key)
  } catch {
    return null
  }
}

/** Stores a value, and forgets it if it is null. */
export const write = (key: string, value: string | null) => {
  try {
    if (value === null) localStorage.removeItem(key)
    else localStorage.setItem(key, value)
  } catch {
    // full or forbidden: it is lost with the page
  }
}

/** The value of a cookie; empty if there is none, or none that can be read. */
export const cookie = (name: string): string => {
  try {
    return decodeURIComponent(('; ' + document.cookie).split(`; ${name}=`)[1]?.split(';')[0] ?? '')
  } catch {
    return ''
  }
}

/** A random id of 128 bits, in the form of those that the server makes. */
export const random = () =>
  btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(16)))).replace(/[+/=]/g, c => (c == '+' ? '-' : c == '/' ? '_' : ''))

/** This instant, as signals tell it. */
export const now = () => new Date().toISOString()

/** Whether the page is looked at. */
export const visible = () => document.visibilityState == 'visible'

export type Stop = () => void

/** Calls all that is in a list, and empties it. */
export const run = (list: Stop[]) => list.splice(0).forEach(one => one())

/** Listens, until what it returns is called. */
export const on = (target: EventTarget, types: string, heard: (event: Event) => void, options?: AddEventListenerOptions): Stop => {
  const all = types.split(' ')
  all.forEach(type => target.addEventListener(type, heard, options))
  return () => all.forEach(type => target.removeEventListener(type, heard, options))
}
