import { randomUUID } from 'node:crypto'
import { mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { withFileLock } from '../../../apps/server/src/models/index.js'
import { cacheFolder } from './places.js'
import { exists, type Environment } from './python.js'
import type { Shape } from './shape.js'
import { keyOf } from './sources.js'

/**
 * What a library's kernels are made for: `software` adapters, which compute on the CPU; real ones (`gpu`); real
 * ones with shader-f16 (`gpu-f16`), which compute with half floats.
 */
export type KernelKind = 'software' | 'gpu' | 'gpu-f16'

export const KERNEL_KINDS: readonly KernelKind[] = ['software', 'gpu', 'gpu-f16']

/** The name of a shape's library: the same shape and kind have the same. */
export const libraryKey = (shape: Shape, kernels: KernelKind): string => keyOf('library', [shape, kernels])

/**
 * The path of the library of a shape, compiled on first use (4 MB, a quarter of a minute) and kept.
 * May be called from several processes at once: one compiles, the others wait for it.
 * @throws ToolError with the compiler's words
 */
export async function library(
  environment: Environment,
  shape: Shape,
  kernels: KernelKind,
  report: (step: string) => void,
): Promise<string> {
  const path = join(cacheFolder(), 'libraries', `${libraryKey(shape, kernels)}.wasm`)
  await onceMade(path, async (aside) => {
    const objects = await runtime(environment, report)
    report(`Compiling the ${kernels} library of ${shape.layers} layers`)
    await environment.call('compile', JSON.stringify({ shape, kernels, runtime: objects, out: aside }))
  })
  return path
}

/** The folder of the objects that every library is linked with; compiled once, in about a minute. */
async function runtime(environment: Environment, report: (step: string) => void): Promise<string> {
  const folder = join(cacheFolder(), `runtime-${keyOf('runtime', null)}`)
  await onceMade(folder, async (aside) => {
    report('Compiling the runtime for WebAssembly (a minute, once)')
    await environment.call('runtime', aside)
  })
  return folder
}

/** Makes what is not there: aside, and renamed when it is whole. */
async function onceMade(path: string, make: (aside: string) => Promise<void>): Promise<void> {
  if (await exists(path)) return
  await withFileLock(`${path}.lock`, async () => {
    if (await exists(path)) return
    // What is made keeps its ending: the linker goes by it.
    const aside = path.replace(/(\.\w+)?$/, `.${process.pid}-${randomUUID()}$1`)
    await mkdir(join(path, '..'), { recursive: true })
    try {
      await make(aside)
      await rename(aside, path)
    } finally {
      await rm(aside, { recursive: true, force: true })
    }
  })
}
