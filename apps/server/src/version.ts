import { readFileSync } from 'node:fs'

/** From the place of this file, built or not. */
export const VERSION: string = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
).version
