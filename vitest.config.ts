import { playwright } from '@vitest/browser-playwright'
import { defaultClientConditions, defaultServerConditions } from 'vite'
import { defineConfig } from 'vitest/config'
import { propertySettings } from './test/property-settings.js'
import { launchOptions } from './test/web/fixtures/chromium.js'

// The packages' exports name their TypeScript under this condition, so that tests need no build.
const conditions = ['berth-source', ...defaultServerConditions]
const properties = propertySettings(process.env)

/** One area of tests: its folders under test/, and how long one test of it may take. */
function area(name: string, folders: readonly string[], seconds: number) {
  return {
    extends: true as const,
    test: {
      name,
      include: folders.map((folder) => `test/${folder}/**/*.test.ts`),
      testTimeout: seconds * 1_000,
      hookTimeout: seconds * 1_000,
    },
  }
}

/** The packages' tests once more, where the page runs the same code: in Chromium. */
const browser = {
  ...area('browser', ['budget', 'scheduler', 'protocol'], 120),
  resolve: { conditions: ['berth-source', ...defaultClientConditions] },
}

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  test: {
    // Real engines take cores too: more workers than this only make everything late on a small machine.
    maxWorkers: 2,
    pool: 'forks',
    // A test that hangs is a bug; the bounds are for the slowest machine, and nothing waits for them to pass.
    teardownTimeout: 20_000,
    setupFiles: ['test/property-setup.ts'],
    provide: { properties },
    projects: [
      area('core', ['budget', 'scheduler', 'protocol'], 60),
      area('web', ['web'], 60),
      area('server', ['server'], 180),
      area('setup', ['models', 'setup'], 180),
      // The first one on a machine waits for the compiler to be downloaded and its runtime to be built.
      area('tools', ['webllm-model'], 600),
      {
        ...browser,
        test: {
          ...browser.test,
          exclude: [
            // Reads GGUF files from the disk and from a server.
            'test/budget/gguf-metadata.test.ts',
            // Loads models in the server's engine.
            'test/budget/real-loads.test.ts',
            // Talk to servers of their own, and to Berth's.
            'test/protocol/remote/**/*.test.ts',
          ],
          // What an interleaving brings to light, Node's many cases do; here it is enough that they hold at all.
          provide: { properties: { ...properties, share: 0.1 } },
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: playwright({ launchOptions: launchOptions() }),
            instances: [{ browser: 'chromium' }],
          },
        },
      },
    ],
  },
})
