import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'
import { startVitest } from 'vitest/node'
import CountingReporter from '../../scripts/tools/counting-reporter.mjs'
import { COUNTS_FILE } from '../../scripts/tools/counts.mjs'

const HERE = fileURLToPath(new URL('.', import.meta.url))

it('counts what passed, failed and was skipped and why, and files that do not load', async () => {
  // In the repository, so that the files find vitest.
  const root = await mkdtemp(join(HERE, '.cache-'))
  onTestFinished(() => rm(root, { recursive: true, force: true }))
  await writeFile(
    join(root, 'mixed.test.ts'),
    `import { expect, it } from 'vitest'
     it('holds', () => expect(1).toBe(1))
     it('holds too', () => expect(1).toBe(1))
     it('does not', () => expect(1).toBe(2))
     it('cannot here', (context) => context.skip('no such machine'))
     it.skip('is not looked at', () => {})`,
  )
  await writeFile(join(root, 'broken.test.ts'), `throw new Error('does not load')`)
  const file = join(root, 'counts.json')
  process.env[COUNTS_FILE] = file
  const exitCode = process.exitCode
  const vitest = await startVitest('test', [], {
    root,
    config: false,
    watch: false,
    include: ['*.test.ts'],
    reporters: [new CountingReporter()],
  })
  await vitest.close()
  process.exitCode = exitCode
  expect(JSON.parse(await readFile(file, 'utf8'))).toEqual({
    passed: 2,
    failed: 2,
    skipped: [
      { name: 'mixed.test.ts > cannot here', reason: 'no such machine' },
      { name: 'mixed.test.ts > is not looked at', reason: 'no reason given' },
    ],
  })
})
