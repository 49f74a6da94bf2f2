import { execFile } from 'node:child_process'
import { access, mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { withFileLock } from '../../../apps/server/src/models/index.js'
import { cacheFolder } from '../../models/cache.js'

const run = promisify(execFile)

/** Why Python's clients cannot be tried on this machine, to skip tests with; undefined where they can. */
export async function whyNoPython(): Promise<string | undefined> {
  try {
    await run('python3', ['-c', 'import venv, ensurepip'])
    return undefined
  } catch {
    return 'there is no python3 with venv on this machine'
  }
}

/** The Python of an environment that has these packages and nothing else; made once, and kept. */
export async function pythonWith(packages: readonly string[]): Promise<string> {
  const folder = join(cacheFolder(), `python-${packages.join('-').replaceAll(/[^\w.-]+/g, '_')}`)
  const python = join(folder, 'bin', 'python')
  const isThere = async (): Promise<boolean> =>
    await access(join(folder, 'made')).then(
      () => true,
      () => false,
    )
  if (await isThere()) return python
  await withFileLock(`${folder}.lock`, async () => {
    if (await isThere()) return
    await rm(folder, { recursive: true, force: true })
    // An environment knows where it lies: it is made in its place, and marked when it is whole.
    await run('python3', ['-m', 'venv', folder])
    await run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...packages])
    await mkdir(join(folder, 'making'), { recursive: true })
    await rename(join(folder, 'making'), join(folder, 'made'))
  })
  return python
}
