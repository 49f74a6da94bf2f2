import { defaultServerConditions } from 'vite'
import { defineConfig } from 'vitest/config'

// The packages' exports name their TypeScript under this condition, so that tests need no build.
const conditions = ['berth-source', ...defaultServerConditions]

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

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    // Real engines take cores too: more workers than this only make everything late on a small machine.
    maxWorkers: 2,
    pool: 'forks',
    // A test that hangs is a bug; the bounds are for the slowest machine, and nothing waits for them to pass.
    teardownTimeout: 20_000,
    projects: [
      area('core', ['budget', 'scheduler', 'protocol'], 60),
      area('server', ['server'], 180),
      area('setup', ['models', 'setup'], 180),
    ],
  },
})
