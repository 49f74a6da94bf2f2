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
    ['apps/web/src/main.tsx', `const chat = await import('./chat/index.js')`],
    ['apps/web/src/host/a.ts', `import { a } from '../webllm/index.js'`],
    ['apps/web/src/chat/view/a.tsx', `import type { Ask } from '../../host/index.js'`],
    ['apps/web/src/storage/a.ts', `export type { Where } from '../host/index.js'`],
    ['apps/web/src/tabs/a.ts', `new Worker(new URL('../host/worker.ts', import.meta.url))`],
    ['apps/web/src/webllm/a.ts', `new Worker(new URL('./worker/main.ts', import.meta.url))`],
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
      'nothing from outside its own src',
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
    ['apps/web/src/chat/a.ts', `import { a } from '../host/index.js'`, 'may import only types of host'],
    ['apps/web/src/chat/a.ts', `import { a } from '../tabs/index.js'`, 'the room chat may import shell'],
    ['apps/web/src/webllm/a.ts', `import { a } from '../storage/index.js'`, 'only types of storage'],
    [
      'apps/web/src/host/a.ts',
      `import { a } from '../webllm/worker/main.js'`,
      'entered through its index.ts',
    ],
    ['apps/web/src/tabs/a.ts', `import { a } from '../host/worker.js'`, 'entered through its index.ts'],
    [
      'apps/web/src/chat/a.tsx',
      `new Worker(new URL('../host/worker.ts', import.meta.url))`,
      'entered through its index.ts',
    ],
    ['apps/web/src/storage/a.ts', `import { a } from '../main.js'`, 'main.ts does the wiring'],
    [
      'apps/web/src/main.ts',
      `import { a } from '../../server/src/index.js'`,
      'apps/web imports nothing from outside its own src',
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

  it('are followed into files with JSX', async () => {
    const [a, b] = ['apps/web/src/chat/a.tsx', 'apps/web/src/chat/b.tsx']
    const others = { [b]: `import { a } from './a.js'\nexport const B = () => <p>{a}</p>` }
    expect(await verdict(a, `import { B } from './b.js'`, others)).toEqual([
      `imports in a circle: ${a} -> ${b} -> ${a}`,
    ])
  })
})
