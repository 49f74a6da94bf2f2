import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'
import { COUNTS_FILE } from '../../scripts/tools/counts.mjs'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const HERE = fileURLToPath(new URL('.', import.meta.url))

/** What the reporter counts of a run of these files. */
async function countsOf(files: Readonly<Record<string, string>>): Promise<unknown> {
  // In the repository, so that the files find Playwright.
  const root = await mkdtemp(join(HERE, '.cache-'))
  onTestFinished(() => rm(root, { recursive: true, force: true }))
  const reporter = join(ROOT, 'scripts', 'tools', 'counting-playwright-reporter.mjs')
  await writeFile(
    join(root, 'playwright.config.mjs'),
    `export default { testMatch: '*.e2e.mjs', outputDir: 'output', workers: 1, reporter: [[${JSON.stringify(reporter)}]] }`,
  )
  for (const [name, text] of Object.entries(files)) {
    await writeFile(join(root, name), `import { expect, test } from '@playwright/test'\n${text}`)
  }
  const counts = join(root, 'counts.json')
  const program = join(ROOT, 'node_modules', '@playwright', 'test', 'cli.js')
  const child = spawn(process.execPath, [program, 'test'], {
    cwd: root,
    env: { ...process.env, [COUNTS_FILE]: counts },
    stdio: 'ignore',
  })
  await once(child, 'exit')
  return JSON.parse(await readFile(counts, 'utf8'))
}

it('counts what passed, failed and was skipped and why, in the browser tests too', async () => {
  const counts = await countsOf({
    'mixed.e2e.mjs': `
      test('holds', () => expect(1).toBe(1))
      test('does not', () => expect(1).toBe(2))
      test('cannot here', () => test.skip(true, 'no such machine'))
      test.skip('is not looked at', () => {})`,
  })
  expect(counts).toEqual({
    passed: 1,
    failed: 1,
    skipped: [
      {
        name: expect.stringMatching(/^test\/setup\/.*mixed\.e2e\.mjs > cannot here$/),
        reason: 'no such machine',
      },
      { name: expect.stringMatching(/> is not looked at$/), reason: 'no reason given' },
    ],
  })
})

it('counts a browser test file that does not load as failed', async () => {
  expect(
    await countsOf({
      'holds.e2e.mjs': `test('holds', () => expect(1).toBe(1))`,
      'broken.e2e.mjs': `throw new Error('does not load')`,
    }),
  ).toMatchObject({ failed: 1 })
})
