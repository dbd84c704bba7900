// <script async src="/segue.js" data-…>: a client made of the tag's attributes,
// which then does what its stub collected.

import { createClient } from './client'
import { defineSlots } from './slot'
import type { Call } from './types'

const page = window as unknown as { segue?: Call[] | object }

const words: Record<string, boolean> = { '': true, true: true, false: false }

const start = () => {
  const script = document.currentScript as HTMLScriptElement | null
  const data = script?.dataset ?? {}
  const options: Record<string, unknown> = {}
  for (const name in data) options[name] = words[data[name]!] ?? data[name]
  const client = createClient({
    ...options,
    endpoint: data.endpoint ?? script?.src.replace(/\/segue[^/]*$/, ''), // it is where it came from
    cookies: data.cookies?.split(' '),
  })
  const calls = page.segue as Call[] | undefined
  page.segue = client
  defineSlots(client)
  if (calls) {
    client.push(...calls)
    calls.push = client.push as typeof calls.push // who still has the stub
  }
}

if (!page.segue || Array.isArray(page.segue)) start() // a second tag changes nothing
