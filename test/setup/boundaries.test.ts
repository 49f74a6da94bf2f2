import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { findViolations } from '../../scripts/tools/boundaries.mjs'
import { temporaryFolder } from '../temporary-folder.js'

/** What the rule says about one file with this line in it, in a tree of its own. */
async function verdict(file: string, line: string, others: Readonly<Record<string, string>> = {}) {
  const root = await temporaryFolder()
  for (const [path, text] of Object.entries({ ...others, [file]: `const x: number = 1\n${line}\n` })) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), text)
  }
  return findViolations(root)
}

describe('imports between rooms', () => {
  it.each([
    ['packages/scheduler/src/a.ts', `import { x } from '@berth/budget'`],
    ['packages/protocol/src/a.ts', `import type { Backend } from '@berth/scheduler'`],
    ['packages/protocol/src/formats/a.ts', `import { z } from 'zod'`],
    ['apps/server/src/main.ts', `import { a } from './llama/index.js'`],
    ['apps/server/src/routes/a.ts', `import { a } from '../generate/index.js'`],
    ['apps/server/src/routes/a.ts', `import type { AppEnv } from '../app-env.js'`],
    ['apps/server/src/llama/child/main.ts', `import { a } from '../protocol.js'`],
    ['apps/server/src/llama/a.ts', `import { readFile } from 'node:fs'`],
    ['test/scheduler/a.test.ts', `import { fake } from '@berth/scheduler/testing'`],
    ['test/server/a.test.ts', `import { a } from '../../apps/server/src/llama/stop-ladder.js'`],
    ['test/budget/a.test.ts', `import { a } from '../../packages/budget/src/place.js'`],
  ])('%s may: %s', async (file, line) => {
    expect(await verdict(file, line)).toEqual([])
  })

  it.each([
    [
      'packages/budget/src/a.ts',
      `import { x } from '@berth/scheduler'`,
      '@berth/budget may import nothing of ours',
    ],
    [
      'packages/scheduler/src/a.ts',
      `export { x } from '@berth/protocol'`,
      '@berth/scheduler may import @berth/budget of ours',
    ],
    ['packages/budget/src/a.ts', `import { readFile } from 'node:fs'`, 'packages run in browsers too'],
    [
      'packages/scheduler/src/a.ts',
      `import type { B } from '../../budget/src/index.js'`,
      'a package imports others by name',
    ],
    [
      'packages/protocol/src/a.ts',
      `import { a } from '../../../apps/server/src/app.js'`,
      'a package imports others by name',
    ],
    ['apps/server/src/routes/a.ts', `import { a } from '../llama/index.js'`, 'the room routes may import'],
    [
      'apps/server/src/llama/a.ts',
      `import { a } from '../routes/index.js'`,
      'the room llama may import models',
    ],
    [
      'apps/server/src/llama/a.ts',
      `const a = await import('../routes/index.js')`,
      'the room llama may import models',
    ],
    [
      'apps/server/src/routes/a.ts',
      `import { a } from '../generate/service.js'`,
      'entered through its index.ts',
    ],
    ['apps/server/src/main.ts', `import { a } from './llama/child/main.js'`, 'entered through its index.ts'],
    ['apps/server/src/models/a.ts', `import { a } from '../main.js'`, 'main.ts does the wiring'],
    ['apps/server/src/attic/a.ts', `import { a } from '../models/index.js'`, 'the room attic is not known'],
    [
      'apps/server/src/app.ts',
      `import { a } from '../../web/src/index.js'`,
      'nothing from outside its own folder',
    ],
    ['apps/server/src/app.ts', `import { a } from '@berth/budget/src/place.js'`, 'only @berth/budget itself'],
    [
      'apps/server/src/app.ts',
      `import { a } from '@berth/scheduler/testing'`,
      'only @berth/scheduler itself',
    ],
    [
      'apps/server/src/app.ts',
      `import { a } from '../../../packages/budget/src/index.js'`,
      'packages are imported by name',
    ],
    [
      'test/server/a.test.ts',
      `import { a } from '../../packages/budget/src/place.js'`,
      'packages are imported by name',
    ],
  ])('%s may not: %s', async (file, line, why) => {
    const [violation, ...others] = await verdict(file, line)
    expect(violation).toContain(`${file}:2: imports `)
    expect(violation).toContain(why)
    expect(others).toEqual([])
  })

  it('never go in a circle, but for types', async () => {
    const [a, b] = ['packages/budget/src/a.ts', 'packages/budget/src/b.ts']
    expect(await verdict(a, `import { b } from './b.js'`, { [b]: `export * from './a.js'` })).toEqual([
      `imports in a circle: ${a} -> ${b} -> ${a}`,
    ])
    expect(
      await verdict(a, `import { b } from './b.js'`, { [b]: `import type { A } from './a.js'` }),
    ).toEqual([])
  })
})
