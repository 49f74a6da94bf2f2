import { access, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { withFileLock } from '../../../apps/server/src/models/index.js'
import { cacheFolder, TOOL } from './places.js'
import { lastLines, run } from './run.js'
import { keyOf } from './sources.js'
import { NoPythonError, ToolError } from './tool-error.js'

const LEAST = [3, 10] as const
const PROBE = 'import sys, venv, ensurepip; print("%d.%d" % sys.version_info[:2])'
const VERSION = 'import sys; print("%d.%d" % sys.version_info[:2])'
/** What is written last: a folder without it was given up half-way. */
const COMPLETE = 'complete'

/** A Python that can make environments. */
export interface Python {
  readonly program: string
  /** "3.11" */
  readonly version: string
}

/**
 * Looks for one.
 * @param programs names to try, the first that will do is taken
 * @throws NoPythonError that says what is there instead and what to install
 */
export async function findPython(programs: readonly string[] = ['python3', 'python']): Promise<Python> {
  let found: string | undefined
  for (const program of programs) {
    const { code, output } = await run(program, ['-c', VERSION])
    if (code !== 0) continue
    const version = output.trim()
    if (!isRecent(version)) {
      found ??= `${program} is Python ${version}`
      continue
    }
    if ((await run(program, ['-c', PROBE])).code === 0) return { program, version }
    found ??= `${program} has no venv (Debian and Ubuntu have it in the package python3-venv)`
  }
  throw new NoPythonError(
    `Building a model for the browser needs python3 ${LEAST.join('.')} or newer with venv; ${found ?? 'there is none on this machine'}. Install it and try again.`,
  )
}

function isRecent(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major > LEAST[0] || (major === LEAST[0] && minor >= LEAST[1])
}

/** The tool's own Python: with the compiler in it. */
export class Environment {
  readonly #program: string

  private constructor(program: string) {
    this.#program = program
  }

  /**
   * Makes the environment on first use: 200 MB to download, 850 MB on the disk, half a minute. Later it is there.
   * @throws NoPythonError; ToolError with pip's own words
   */
  static async prepare(report: (step: string) => void): Promise<Environment> {
    const python = await findPython()
    const key = keyOf('environment', [python.version, process.platform, process.arch])
    const folder = join(cacheFolder(), `python-${key}`)
    const program = join(
      folder,
      ...(process.platform === 'win32' ? ['Scripts', 'python.exe'] : ['bin', 'python']),
    )
    if (!(await exists(join(folder, COMPLETE)))) {
      await withFileLock(`${folder}.lock`, async () => {
        if (await exists(join(folder, COMPLETE))) return
        report('Getting the compiler from the Python package index (200 MB, once)')
        await rm(folder, { recursive: true, force: true })
        await mkdir(cacheFolder(), { recursive: true })
        await must(python.program, ['-m', 'venv', folder])
        const quiet = ['--quiet', '--disable-pip-version-check', '--no-input']
        await must(program, ['-m', 'pip', 'install', ...quiet, '-r', join(TOOL, 'requirements.txt')])
        await writeFile(join(folder, COMPLETE), '')
      })
    }
    return new Environment(program)
  }

  /** Runs one of the tool's commands (`__main__.py`); resolves with what it wrote. @throws ToolError */
  async call(command: string, argument: string): Promise<string> {
    return await must(this.#program, ['-m', 'webllm_model', command, argument])
  }

  /** Runs any module with this Python, such as unittest. */
  async module(name: string, ...args: readonly string[]): Promise<{ code: number; output: string }> {
    return await run(this.#program, ['-m', name, ...args], inTool())
  }
}

async function must(program: string, args: readonly string[]): Promise<string> {
  const { code, output } = await run(program, args, inTool())
  if (code === 0) return output
  throw new ToolError(`${args[1]} ${args[2]} ended with ${code}:\n${lastLines(output)}`)
}

const inTool = (): { cwd: string; env: NodeJS.ProcessEnv } => ({
  cwd: TOOL,
  env: {
    PYTHONDONTWRITEBYTECODE: '1',
    // zig keeps what it compiles of the C++ library.
    ZIG_GLOBAL_CACHE_DIR: join(cacheFolder(), 'zig'),
  },
})

export async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  )
}
