import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { findPython, NoPythonError } from '../../tools/webllm-model/src/index.js'
import { temporaryFolder } from '../temporary-folder.js'

/** A program that answers as a Python of that version would; `venv`: whether it can make environments. */
async function fakePython(folder: string, version: string, venv: boolean): Promise<string> {
  const path = join(folder, `python-${version}`)
  await writeFile(path, `#!/bin/sh\ncase "$2" in *venv*) ${venv ? '' : 'exit 1'};; esac\necho ${version}\n`)
  await chmod(path, 0o755)
  return path
}

describe.skipIf(process.platform === 'win32')('findPython', () => {
  it('says that there is none', async () => {
    const none = findPython(['/nowhere/python3'])
    await expect(none).rejects.toThrow(NoPythonError)
    await expect(none).rejects.toThrow(
      /needs python3 3\.10 or newer with venv; there is none on this machine/,
    )
  })

  it('says that it is too old', async () => {
    const folder = await temporaryFolder()
    const old = await fakePython(folder, '3.9', true)
    await expect(findPython([old])).rejects.toThrow(/python-3\.9 is Python 3\.9\. Install/)
  })

  it('says that it has no venv, and in which package that is', async () => {
    const folder = await temporaryFolder()
    const bare = await fakePython(folder, '3.11', false)
    await expect(findPython([bare])).rejects.toThrow(/has no venv .*python3-venv/)
  })

  it('takes the first that will do', async () => {
    const folder = await temporaryFolder()
    const old = await fakePython(folder, '3.9', true)
    const good = await fakePython(folder, '3.12', true)
    await expect(findPython(['/nowhere/python3', old, good])).resolves.toEqual({
      program: good,
      version: '3.12',
    })
  })
})
