import { fileURLToPath } from 'node:url'
import { defineConfig } from '@playwright/test'
import { launchOptions } from './test/web/fixtures/chromium.js'

// The packages' exports name their TypeScript under this condition; the processes that run the tests inherit it.
if (!process.env['NODE_OPTIONS']?.includes('berth-source')) {
  process.env['NODE_OPTIONS'] = `${process.env['NODE_OPTIONS'] ?? ''} -C berth-source`.trim()
}

// A run empties its folder when it begins: two at a time need two. The run's own processes inherit the name.
const output = (process.env['BERTH_E2E_OUTPUT'] ??= `.cache/playwright/${process.pid}`)

/** Tests in a real browser: test/web/fixtures has what they stand on, docs/testing.md how they are run. */
export default defineConfig({
  testDir: 'test/web',
  testMatch: '**/*.e2e.ts',
  tsconfig: 'test/web/tsconfig.json',
  outputDir: output,
  globalSetup: fileURLToPath(new URL('test/web/fixtures/build-once.ts', import.meta.url)),
  // A software GPU and real engines take every core there is; more workers only make everything late.
  workers: 2,
  fullyParallel: false,
  // What fails once is a bug of ours or of the test.
  retries: 0,
  forbidOnly: process.env['CI'] !== undefined,
  // For machines that stand still; nothing waits for them to pass.
  timeout: 300_000,
  expect: { timeout: 120_000 },
  // The second leaves its counts where `npm test` asks for them, and nothing otherwise.
  reporter: [
    ['list'],
    [fileURLToPath(new URL('scripts/tools/counting-playwright-reporter.mjs', import.meta.url))],
  ],
  use: {
    browserName: 'chromium',
    launchOptions: launchOptions(),
    actionTimeout: 60_000,
    navigationTimeout: 60_000,
    screenshot: 'only-on-failure',
    // A trace takes a core that the software GPU needs.
    trace: process.env['BERTH_TRACE'] === undefined ? 'off' : 'retain-on-failure',
  },
  projects: [
    { name: 'page', testIgnore: ['webllm/**', 'wllama/**'] },
    { name: 'engines', testMatch: ['webllm/**/*.e2e.ts', 'wllama/**/*.e2e.ts'], timeout: 480_000 },
  ],
})
