import type { ReactNode } from 'react'
import type { Answer, Choice, Entity, Props, Segue } from './types'

export type * from './types'

export interface ProviderProps {
  /** None on the server. */
  client?: Segue | null
  /** The answer that the page was rendered for; the client should have it as well. */
  state?: Answer | null
  children?: ReactNode
}

export declare function SegueProvider(props: ProviderProps): ReactNode

/** The client; null on the server. */
export declare function useSegue(): Segue | null

/** The answer that holds: while hydrating, the one of the server. */
export declare function useAnswer(): Answer | null

export interface SlotState extends Choice {
  /** Whether there is an answer, or will be none. */
  resolved: boolean
  /** The composed entry, if answers have the page. */
  content?: Entity
  /** For the element that shows it, so that it is known when it was seen. */
  ref: (element: Element | null) => void
}

/**
 * What a slot shows: what the first answer says, if that comes before anybody
 * could have seen the baseline, and else the baseline; with `live`, what each
 * answer says.
 */
export declare function useSlot(name: string, options?: { live?: boolean }): SlotState

export interface SlotProps {
  name: string
  /** What stands for an entry, by its id. */
  variants?: Record<string, ReactNode>
  /** Renders an entry that `variants` has not; answers must have the page. */
  render?: (content: Entity) => ReactNode
  live?: boolean
  className?: string
  /** The baseline. */
  children?: ReactNode
}

/** A slot as a component, which is hidden until there is an answer, as the style says. */
export declare function Slot(props: SlotProps): ReactNode

/** The segments that the visitor is in; the first is the current micro-segment. */
export declare function useSegments(): string[]

/** Sends track signals. */
export declare function useTrack(): (event: string, properties?: Props) => void
