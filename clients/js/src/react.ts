// React: the same, as hooks. Nothing of it asks while rendering; on the server
// there is no client, and what is shown is the state.

import { createContext, createElement, useCallback, useContext, useMemo, useRef, useSyncExternalStore, type ReactNode } from 'react'
import { find, unseen } from './content'
import type { Answer, Choice, Entity, Props, Segue } from './types'

export type * from './types'

interface Shared {
  client: Segue | null
  state: Answer | null
}

const Context = createContext<Shared>({ client: null, state: null })

export interface ProviderProps {
  /** None on the server. */
  client?: Segue | null
  /** The answer that the page was rendered for; the client should have it as well. */
  state?: Answer | null
  children?: ReactNode
}

export function SegueProvider({ client = null, state = null, children }: ProviderProps): ReactNode {
  const shared = useMemo(() => ({ client, state }), [client, state])
  return createElement(Context.Provider, { value: shared }, children)
}

/** The client; null on the server. */
export const useSegue = (): Segue | null => useContext(Context).client

/** The answer that holds: while hydrating, the one of the server. */
export function useAnswer(): Answer | null {
  const { client, state } = useContext(Context)
  const subscribe = useCallback((heard: () => void) => client?.subscribe(heard) ?? (() => {}), [client])
  return useSyncExternalStore(subscribe, () => client?.answer ?? state, () => state)
}

export interface SlotState extends Choice {
  /** Whether there is an answer. */
  resolved: boolean
  /** The composed entry, if answers have the page. */
  content?: Entity
  /** For the element that shows it, so that it is known when it was seen. */
  ref: (element: Element | null) => void
}

const baseline: Choice = { variant: 0, reason: 'default' }
const late: Choice = { variant: 0, reason: 'timeout' }

/**
 * What a slot shows: what the first answer says, if that comes before anybody
 * could have seen the baseline, and else the baseline; with `live`, what each
 * answer says.
 */
export function useSlot(name: string, { live = false } = {}): SlotState {
  const { client, state } = useContext(Context)
  const element = useRef<Element | null>(null)
  const held = useRef<{ name: string; answer: Answer | typeof late } | null>(null)

  const now = () => (!live && held.current?.name === name ? held.current.answer : client?.answer ?? state)
  const subscribe = useCallback((heard: () => void) => {
    if (!live && now()) held.current = { name, answer: now()! }
    return client?.subscribe(answer => {
      if (!live && held.current?.name !== name) {
        held.current = { name, answer: answer && (!element.current || unseen(element.current)) ? answer : late }
      }
      heard()
    }) ?? (() => {})
  }, [client, state, name, live])
  const answer = useSyncExternalStore(subscribe, now, () => state)

  const inTime = answer && 'slots' in answer ? answer : null
  const choice = inTime ? inTime.slots[name] ?? baseline : answer ? late : baseline
  const { variant, entry, experience } = choice
  const stop = useRef<(() => void) | undefined>(undefined)
  const ref = useCallback((to: Element | null) => {
    element.current = to
    stop.current?.()
    stop.current = to && client ? client.watch(to, name, { variant, entry, experience, reason: '' }) : undefined
  }, [client, name, variant, entry, experience])
  const content = useMemo(() => find(inTime?.page, entry), [inTime, entry])
  return { ...choice, resolved: !!answer, content, ref }
}

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
export function Slot({ name, variants = {}, render, live, className, children }: SlotProps): ReactNode {
  const { variant, entry = '', hidden, resolved, content, ref } = useSlot(name, { live })
  const own = variants[entry] ?? (content && render?.(content))
  const known = !variant || hidden || own !== undefined
  return createElement('segue-slot', {
    name, ref, class: className, managed: '', variant: resolved ? String(known ? variant : 0) : undefined,
  }, hidden ? null : (variant && own) || children)
}

/** The segments that the visitor is in; the first is the current micro-segment. */
export const useSegments = (): string[] => useAnswer()?.segments ?? none
const none: string[] = []

/** Sends track signals. */
export function useTrack(): (event: string, properties?: Props) => void {
  const { client } = useContext(Context)
  return useCallback((event, properties) => client?.track(event, properties), [client])
}
