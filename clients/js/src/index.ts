// What `import … from '@segue-dev/client'` gives.

import { createClient as create, type Client } from './client'
import { css, defineSlots as define } from './slot'
import type { Options, Segue } from './types'

export type * from './types'
export { css }

/** Makes a client. A page has one, in the browser. */
export const createClient = (options?: Options): Segue => create(options)

/** Defines `<segue-slot>`, which shows what the client's answers say. */
export const defineSlots = (client: Segue): void => define(client as Client)
