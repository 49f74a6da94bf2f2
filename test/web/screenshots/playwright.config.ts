import { defineConfig } from '@playwright/test'
import tests from '../../../playwright.config.js'

/** `npm run screenshots`: the README's pictures, taken as the tests are run. */
export default defineConfig({
  ...tests,
  testDir: '.',
  testMatch: '*.shots.ts',
  tsconfig: '../tsconfig.json',
  outputDir: '../../../.cache/screenshots',
  workers: 1,
  projects: [{ name: 'screenshots', testMatch: '*.shots.ts' }],
})
