import { readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseSync } from 'oxc-parser'
import { expect, it } from 'vitest'

const SCRIPTS = fileURLToPath(new URL('../../scripts/', import.meta.url))

/** All that is read before a script's first line runs, from the file that it begins with. */
function readBeforeRunning(entry: string): readonly string[] {
  const files = [entry]
  const packages: string[] = []
  // It grows while it is gone through.
  for (const file of files) {
    const { module } = parseSync(file, readFileSync(file, 'utf8'))
    for (const { moduleRequest } of module.staticImports) {
      const { value } = moduleRequest
      if (!value.startsWith('.')) packages.push(value)
      else {
        const next = normalize(join(dirname(file), value))
        if (!files.includes(next)) files.push(next)
      }
    }
  }
  return packages
}

it.each(['start', 'test', 'build', 'check', 'bench', 'webllm-model', 'screenshots'])(
  'npm run %s needs nothing that is installed before it has installed it',
  (script) => {
    const packages = readBeforeRunning(join(SCRIPTS, 'tasks', `${script}.mjs`))
    expect(packages.filter((name) => !name.startsWith('node:'))).toEqual([])
  },
)
