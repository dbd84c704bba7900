import type { Options, Segue } from './types'

export type * from './types'

/** What a page must have among its styles for slots not to flicker. */
export declare const css: string

/** Makes a client. A page has one, in the browser. */
export declare function createClient(options?: Options): Segue

/** Defines `<segue-slot>`, which shows what the client's answers say. */
export declare function defineSlots(client: Segue): void
