import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { findChromium } from '../../scripts/tools/chromium.mjs'
import { temporaryFolder } from '../temporary-folder.js'

it('takes the Chromium that BERTH_CHROMIUM names, or none', async () => {
  const folder = await temporaryFolder()
  const program = join(folder, 'my-chromium')
  expect(findChromium({ BERTH_CHROMIUM: program })).toBeUndefined()
  await writeFile(program, '#!/bin/sh\n')
  await chmod(program, 0o644)
  if (process.platform !== 'win32') expect(findChromium({ BERTH_CHROMIUM: program })).toBeUndefined()
  await chmod(program, 0o755)
  expect(findChromium({ BERTH_CHROMIUM: program })).toBe(program)
})
