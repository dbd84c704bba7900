// Chromium, as a person would have it.

import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright-core'

const args = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync']

/** Automatic clients are not counted, so it must not look like one. */
export const userAgent = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0 Safari/537.36'

export const desktop = { width: 1280, height: 800 }
export const phone = { width: 390, height: 844 }

export const launch = () => chromium.launch({
  executablePath: process.env.CHROMIUM, headless: true, timeout: 60_000, args, ignoreDefaultArgs: ['--disable-back-forward-cache'],
})

/**
 * Opens a page in a browser that nobody controls, since under control none
 * prerenders; returns how to close it.
 */
export async function openAlone(url) {
  const profile = await mkdtemp(join(tmpdir(), 'segue-browser-'))
  const process_ = spawn(process.env.CHROMIUM, [...args, `--user-data-dir=${profile}`, `--user-agent=${userAgent}`, '--remote-debugging-port=0', url], { stdio: 'ignore' })
  return async () => {
    const gone = new Promise(resolve => process_.once('exit', resolve))
    process_.kill()
    await gone
    await rm(profile, { recursive: true, force: true, maxRetries: 5 })
  }
}

/**
 * In a page, before anything of it: what `window.seen` then tells of the hero at
 * each frame that shows one, the sum of layout shifts, and what was complained
 * about.
 */
export const observe = () => {
  const seen = (window.seen = { headlines: [], shift: 0, shifts: [], resolved: [] })
  new PerformanceObserver(list => {
    for (const entry of list.getEntries()) {
      seen.shift += entry.value
      seen.shifts.push({ value: entry.value, of: entry.sources.map(s => s.node?.outerHTML?.slice(0, 80)) })
    }
  }).observe({ type: 'layout-shift', buffered: true })
  const frame = () => {
    const headline = document.querySelector('.hero h1')
    if (headline && getComputedStyle(headline).visibility === 'visible' && seen.headlines.at(-1) !== headline.textContent) {
      seen.headlines.push(headline.textContent)
    }
    requestAnimationFrame(frame)
  }
  requestAnimationFrame(frame)
  addEventListener('segue:resolved', event => seen.resolved.push(event.detail))
}
