// <segue-slot name="…">: markup for everybody, replaced by what was chosen.
//
// Nothing that a visitor may have seen is replaced. The page's own style hides a
// slot until it has the attribute `variant`, for 300 ms at most; while it is
// hidden, or below the screen, it can change without a flicker, and later no
// more. So neither the client nor Segue can hold a page up.

import type { Client } from './client'
import { unseen } from './content'
import type { Answer, Choice } from './types'

/** What a page must have among its styles for slots not to flicker. */
export const css =
  'segue-slot{display:block}segue-slot:not([variant]){animation:segue-hide var(--segue-patience,.3s) step-end!important}' +
  '@keyframes segue-hide{from,to{visibility:hidden}}@media (scripting:none){segue-slot:not([variant]){animation:none!important}}'

const isTemplate = (node: Node): node is HTMLTemplateElement =>
  node instanceof HTMLTemplateElement && node.dataset.variant !== undefined

/** Whether the parser has read all of an element. */
const complete = (node: Node | null): boolean => {
  if (document.readyState != 'loading') return true
  for (; node; node = node.parentNode) if (node.nextSibling) return true
  return false
}

const late: Choice = { variant: 0, reason: 'timeout' }

const same = (a: Choice, b: Choice) => a.variant == b.variant && !a.hidden == !b.hidden && (!a.variant || a.entry == b.entry)

/** Defines the element, for a client. */
export function defineSlots(client: Client): void {
  const slots = new Set<Slot>()

  class Slot extends HTMLElement {
    private _baseline?: Node[]
    private _shown?: Choice
    private _answer?: Answer | null // the one that was looked at last
    private _stop?: () => void

    connectedCallback() {
      slots.add(this)
      if (!complete(this)) watchParser()
      if (!client.pending || this.hasAttribute('variant')) this._update(client.answer)
    }

    disconnectedCallback() {
      slots.delete(this)
      this._answer = null
      this._stop?.()
    }

    /** Shows what an answer says; over: there will be none. */
    _update(answer: Answer | null, over?: boolean) {
      if (this.hasAttribute('managed') || answer && answer == this._answer || !complete(this)) return
      this._answer = answer
      const name = this.getAttribute('name') ?? ''
      const chosen = answer ? answer.slots[name] ?? { variant: 0, reason: 'default' } : over ? late : undefined
      const now = this._shown
      if (!now && this.hasAttribute('variant')) this._adopt(name, chosen)
      else if (!chosen || now && chosen == late) return
      else if (now && now != late && same(now, chosen)) this._settle(name, chosen)
      else if (this.hasAttribute('live') || unseen(this)) this._show(name, chosen)
      else if (!now) this._settle(name, late)
    }

    /** Takes over what a server rendered. */
    _adopt(name: string, chosen?: Choice) {
      const get = (attribute: string) => this.getAttribute(attribute) ?? undefined
      const rendered = { variant: Number(get('variant')), entry: get('entry'), experience: get('experience'), reason: 'default' }
      this._settle(name, chosen && chosen.variant == rendered.variant && (!rendered.entry || rendered.entry == chosen.entry) ? chosen : rendered)
    }

    _show(name: string, chosen: Choice) {
      const nodes = this._nodes(chosen)
      if (nodes) {
        if (nodes != this._baseline || this._shown) this.replaceChildren(...[...this.childNodes].filter(isTemplate), ...nodes)
      } else {
        console.error('segue: nothing shows', chosen.entry, 'in', name)
        if (this._shown) return
        chosen = { variant: 0, reason: 'no-variant' }
      }
      this._settle(name, chosen)
    }

    /** What to show; undefined if nobody knows how. */
    _nodes({ variant, entry, hidden }: Choice): Node[] | undefined {
      if (!this._shown?.variant) this._baseline ??= [...this.childNodes].filter(node => !isTemplate(node))
      if (hidden) return []
      if (!variant && this._baseline) return this._baseline
      for (const node of this.childNodes) {
        if (isTemplate(node) && node.dataset.variant == entry) return [document.importNode(node.content, true)]
      }
      return client.make(entry ?? '', this)
    }

    _settle(name: string, chosen: Choice) {
      this._shown = chosen
      this.setAttribute('variant', String(chosen.variant))
      this._stop?.()
      this._stop = client.watch(this, name, chosen)
      this.dispatchEvent(new CustomEvent('segue:resolved', { bubbles: true, detail: { name, ...chosen } }))
    }
  }

  const update = (answer: Answer | null, over?: boolean) => [...slots].forEach(slot => slot._update(answer, over))

  // While the document is read, a slot may be here before its content.
  let parser: MutationObserver | undefined
  const watchParser = () => {
    if (parser) return
    const read = () => update(client.answer)
    parser = new MutationObserver(read)
    parser.observe(document, { childList: true, subtree: true })
    document.addEventListener('DOMContentLoaded', () => {
      parser!.disconnect()
      read()
    })
  }

  client.subscribe(answer => update(answer ?? client.answer, !answer))
  if (!customElements.get('segue-slot')) customElements.define('segue-slot', Slot)
}
