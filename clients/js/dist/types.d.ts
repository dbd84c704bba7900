/** What one may give and gets. It has no code, so it serves as declarations too. */

/** Properties, traits and attributes: JSON. */
export type Props = Record<string, unknown>

/** Whether signals may be recorded, or for which purposes. */
export type Consent = boolean | Record<string, boolean>

/** The settings of a client. All may be left out. */
export interface Options {
  /** Where Segue is, such as `/_p`; this origin if left out. */
  endpoint?: string
  /** The publishable key. */
  key?: string
  /**
   * The page, as an entry id or `contentType:slug`, or what tells it of the
   * current location. Answers then have its composed content.
   */
  page?: string | (() => string | undefined)
  locale?: string
  /** More attributes of the request than the browser's own, such as `{ country: 'DE' }`. */
  context?: Props
  /** The visitor's anonymous id, where the site knows it. */
  visitor?: string
  /**
   * Cookies that may have the anonymous id, such as `ajs_anonymous_id`; the first
   * that does counts. Under the same origin the server reads them by itself.
   */
  cookies?: string[]
  /** The domain of our own cookie, as `identity.domain` of the server. */
  domain?: string
  /**
   * `false` records nothing and keeps no id, until `consent(true)`; purposes go
   * along with each signal. If left out, a browser that sends Global Privacy
   * Control has denied it.
   */
  consent?: Consent
  /** Whether to send a page signal for each page view; true if left out. */
  pageviews?: boolean
  /** Seconds between heartbeats, for `dwell` in segments; `true` is 15, none if left out. */
  dwell?: number | true
  /** Whether to tell how far a page was scrolled, for `scroll` in segments. */
  scroll?: boolean
  /** The answer that the server rendered the page for; else that of `#segue-state`. */
  state?: Answer
}

/** What a slot shows. */
export interface Choice {
  /** 0 = the baseline. */
  variant: number
  /** The id of the entry; none if hidden. */
  entry?: string
  hidden?: boolean
  experience?: string
  segment?: string
  reason: string
}

/** A composed entry or asset. */
export interface Entity {
  sys: { id: string; type: string; contentType?: { sys: { id: string } }; [more: string]: unknown }
  fields: Props
}

/** An answer of `/v1/resolve`. */
export interface Answer {
  visitor: string
  /** The current micro-segment. */
  segment: string | null
  segments: string[]
  /** By the id of the baseline. */
  slots: Record<string, Choice>
  experiences: { id: string; variant: number; segment?: string; reason: string; sticky: boolean }[]
  variables?: Record<string, { value: unknown; experience: string; variant: number }>
  key: string
  at: string
  /** When it ends by itself; null = with the next signal. */
  validUntil: string | null
  page?: Entity
  [more: string]: unknown
}

/** Makes what stands for an entry, from its composed content. */
export type Renderer = (entry: Entity, slot: Element) => Node | Node[]

/** A call as the stub of the script tag collects it: a method's name and its arguments. */
export type Call = [method: string, ...args: unknown[]] | ((segue: Segue) => void)

/** A client. Its methods may be called apart from it. */
export interface Segue {
  /** The visitor's anonymous id; empty before Segue has told it. */
  readonly visitor: string
  /** What holds now; null before the first answer. It is another object whenever it changes. */
  readonly answer: Answer | null
  track(event: string, properties?: Props): void
  /** Begins a page view. The first and those of navigation within the page come by themselves. */
  page(name?: string, properties?: Props): void
  identify(userId: string, traits?: Props): void
  /** Forgets who the visitor is, as after logging out, and asks anew. */
  reset(): void
  consent(given: Consent): void
  /** The answer of this page view; null if Segue cannot be asked. */
  resolve(): Promise<Answer | null>
  /** Asks anew, with all signals so far. */
  refresh(): Promise<Answer | null>
  /** Tells of answers and of `null` once there will be none; returns how to stop. */
  subscribe(heard: (answer: Answer | null) => void): () => void
  /** How entries of a content type look in slots that have no template for them. */
  render(contentType: string, renderer: Renderer): void
  /** Reports that a choice was seen; slots do so by themselves. It counts once for each page view. */
  seen(slot: string, choice: Choice): void
  /** Calls `seen` when half of an element was visible for a second; returns how to stop. */
  watch(element: Element, slot: string, choice: Choice): () => void
  /** Sends what is queued. */
  flush(): Promise<void>
  push(...calls: Call[]): void
  /** Ends it: listeners and timers are gone, and what is queued is sent. */
  close(): void
}
