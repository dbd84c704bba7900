// Random choices that are the same in every run.

export class Random {
  #state

  constructor(seed) {
    this.#state = seed >>> 0
  }

  /** A number from 0 up to but not including n (mulberry32). */
  below(n) {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let t = this.#state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) % n
  }

  /** One of the items of a list, or of the characters of a string. */
  one(of) {
    const items = [...of]
    return items[this.below(items.length)]
  }

  /** Up to n of the items or characters, as one string. */
  text(of, n) {
    return Array.from({ length: this.below(n + 1) }, () => this.one(of)).join('')
  }
}
