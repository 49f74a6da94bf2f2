import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { explainInstall, explainRoom, isInstalled } from '../../scripts/tools/install.mjs'
import { temporaryFolder } from '../temporary-folder.js'

type Packages = Readonly<Record<string, object>>

const WANTED: Packages = {
  '': { name: 'berth' },
  'node_modules/hono': { version: '4.0.0' },
  'node_modules/engine-for-another-platform': { version: '1.0.0', optional: true },
  'node_modules/@berth/budget': { link: true },
}

async function treeWith(wanted: Packages, installed?: Packages): Promise<string> {
  const root = await temporaryFolder()
  await mkdir(join(root, 'node_modules'))
  await writeFile(join(root, 'package-lock.json'), JSON.stringify({ packages: wanted }))
  if (installed !== undefined) {
    await writeFile(join(root, 'node_modules', '.package-lock.json'), JSON.stringify({ packages: installed }))
  }
  return root
}

describe('whether everything is installed', () => {
  it.each<readonly [string, boolean, Packages | undefined]>([
    ['nothing is', false, undefined],
    ['all but another platform’s packages is', true, { 'node_modules/hono': { version: '4.0.0' } }],
    [
      'something more is',
      true,
      { 'node_modules/hono': { version: '4.0.0' }, 'node_modules/x': { version: '1.0.0' } },
    ],
    ['a package is missing', false, { 'node_modules/other': { version: '1.0.0' } }],
    ['a package is of another version', false, { 'node_modules/hono': { version: '3.9.0' } }],
    [
      'an optional package is of another version',
      false,
      {
        'node_modules/hono': { version: '4.0.0' },
        'node_modules/engine-for-another-platform': { version: '0.9.0' },
      },
    ],
  ])('is told where %s', async (_case, expected, installed) => {
    expect(isInstalled(await treeWith(WANTED, installed))).toBe(expected)
  })
})

describe('the room for an installation', () => {
  it('is asked for before it begins, with the figures and what to do', () => {
    expect(explainRoom(1_999_999_999)).toMatch(
      /^There is too little room to install: 2\.0 GB are free on the disk of .*, and about 2\.0 GB are needed; free some and try again\.$/,
    )
    expect(explainRoom(0)).toContain('0.0 GB are free')
  })

  it('is enough from about 2 GB on', () => {
    expect(explainRoom(2_000_000_000)).toBeUndefined()
  })
})

describe('an installation that fails', () => {
  it.each([
    [
      'npm error code ENOSPC\nnpm error nospc no space left on device',
      /The disk became full.*free about 2\.0 GB/,
    ],
    [
      'npm error code ENOTFOUND\nnpm error network request to https://x failed',
      /registry cannot be reached \(ENOTFOUND\)/,
    ],
    ['npm error code EACCES', /may not write/],
    ['npm: spawn npm ENOENT', /There is no npm/],
    ['npm error code EUSAGE', /do not fit together: run npm install once/],
    ['npm error code ELSE', /what it says above/],
  ])('is explained in one sentence: %j', (output, sentence) => {
    expect(explainInstall(output)).toMatch(sentence)
    expect(explainInstall(output)).not.toContain('\n')
  })
})
