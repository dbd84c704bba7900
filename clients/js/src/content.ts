// What slots and hooks have in common.

import type { Entity } from './types'

/** The entity with an id in composed content. */
export function find(content: unknown, id: string | undefined): Entity | undefined {
  if (!id || !content || typeof content != 'object') return
  if ((content as Entity).sys?.id == id && (content as Entity).fields) return content as Entity
  for (const part of Object.values(content)) {
    const found = find(part, id)
    if (found) return found
  }
}

/** Whether an element can change unnoticed: it is hidden, or below the screen. */
export const unseen = (element: Element) =>
  getComputedStyle(element).visibility == 'hidden' || element.getBoundingClientRect().top >= innerHeight
