// Segue's own client, as TypeScript sees it: its source is strict, and what the
// package declares is what it has.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cp, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'

const modules = resolve('node_modules')
const compiler = join(modules, 'typescript/bin/tsc')
const skip = !existsSync(compiler) && 'skipped, for want of TypeScript: run `make clients`'
if (skip && process.env.SEGUE_REQUIRE_PARTS) throw new Error(skip)

/** Compiles the client with more files beside it, and returns what is wrong. */
async function compile(more) {
  const dir = await mkdtemp(join(tmpdir(), 'segue-types-'))
  try {
    await cp('../js', dir, { recursive: true, filter: path => !path.endsWith('node_modules') })
    await symlink(modules, join(dir, 'node_modules'))
    for (const [name, text] of Object.entries(more)) await writeFile(join(dir, 'src', name), text)
    return await promisify(execFile)(process.execPath, [compiler, '-p', dir]).then(() => '', ({ stdout }) => stdout)
  } finally {
    await rm(dir, { recursive: true })
  }
}

test('the source is strict, and is what is declared', { skip }, async () => {
  assert.equal(await compile({
    'declared.ts': `
      import type * as Client from '../dist/segue.d.ts'
      import type * as Hooks from '../dist/react.d.ts'
      import * as client from './index'
      import * as hooks from './react'
      export const a: typeof Client = client
      export const b: typeof Hooks = hooks
      export const c: typeof client = {} as typeof Client
      export const d: typeof hooks = {} as typeof Hooks`,
  }), '')
})

test('a mistake of who uses it is found', { skip }, async () => {
  const found = await compile({
    'used.ts': `
      import { createClient } from '../dist/segue.js'
      createClient({ dwel: 15 })
      createClient().track(1)`,
  })
  assert.match(found, /'dwel' does not exist/)
  assert.match(found, /'number' is not assignable to parameter of type 'string'/)
})
