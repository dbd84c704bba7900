// Who the visitor is.
//
// Under the same origin it is whom the cookies name, ours or those of an
// analytics SDK, which only the server may be able to read. So the first answer
// tells, and it is remembered. Elsewhere, and where Segue does not answer, the id
// is made here, and kept as the server would.

import { cookie, random, read, write } from './browser'

const KEY = 'segue.id'
const USER = 'segue.user'
const AGE = 400 * 24 * 3600 // seconds: the most that browsers keep

/** The anonymous id in a cookie: as it is, as JSON text, or as Google Analytics has it. */
const idIn = (value: string) => value.replace(/^GA\d\.\d\.|"/g, '')

export interface Visitor {
  /** The anonymous id; empty as long as only the server knows it. */
  id(): string
  /** Whether to leave it to the server who it is. */
  asks(): boolean
  /** Takes an id, or makes one. */
  keep(id?: string): void
  user(): string | undefined
  identify(user: string | null): void
  forget(): void
}

/**
 * allowed says whether ids may be kept; those of who may not be last as long as
 * the page. remote: the server sees no cookies.
 */
export function createVisitor(given: string | undefined, cookies: string[], domain: string | undefined, remote: boolean, allowed: () => boolean): Visitor {
  const secure = location.protocol == 'https:'
  const name = (secure && !domain ? '__Host-' : '') + 'segue_id'
  let own = ''
  let passing = ''
  let user: string | null = null

  const setCookie = (value: string, age: number) => { // one that the server set stays
    document.cookie = `${name}=${value};Path=/;Max-Age=${age};SameSite=Lax` + (secure ? ';Secure' : '') + (domain ? ';Domain=' + domain : '')
  }
  const keep = (id = random()) => {
    own = id
    write(KEY, id)
    setCookie(id, AGE)
  }
  const foreign = () => given || cookies.map(one => idIn(cookie(one))).find(id => id)

  return {
    id() {
      const other = foreign()
      if (other) return other
      if (!allowed()) return (passing ||= random())
      if (!own) {
        const known = cookie(name) || read(KEY)
        if (known || remote) keep(known || undefined)
      }
      return own
    },
    asks: () => !remote && allowed() && !user && !foreign(),
    keep,
    user: () => (user ??= allowed() ? read(USER) : null) ?? undefined,
    identify(to) {
      user = to
      if (allowed()) write(USER, to)
    },
    forget() {
      own = passing = ''
      user = null
      write(KEY, null)
      write(USER, null)
      setCookie('', 0)
    },
  }
}
