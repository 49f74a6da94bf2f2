import { readdir, statfs } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { formatBytes } from '@berth/budget'
import type { OllamaPsResponse, OllamaVersionResponse } from '@berth/protocol'
import { type Config } from '../../config/index.js'
import { survey, type Survey, type SurveyedModel } from '../../engine/index.js'
import { type StoreFolders } from '../../models/index.js'
import { CliError } from '../cli-error.js'
import type { Client } from '../client.js'
import type { CommandContext } from '../command-context.js'
import { localConfig, localStore } from '../local-store.js'
import { fileSize } from '../output/words.js'

/** Everything the doctor found. Plain data, as `--json` gives it. */
interface Findings {
  readonly version: string
  readonly node: string
  readonly platform: string
  readonly server: { readonly url: string; readonly name?: string; readonly loaded: readonly string[] }
  readonly engine: {
    /** `cuda`, `vulkan`, `metal` or `cpu`. */
    readonly build: string
    readonly why: string
    readonly installed: readonly string[]
    readonly gpus: readonly string[]
    readonly cpuFeatures: readonly string[]
  } | null
  readonly devices: Survey['devices']
  readonly cores: number
  readonly stores: readonly { readonly folder: string; readonly use: string; readonly freeBytes?: number }[]
  readonly models: readonly SurveyedModel[]
  /** What is wrong, a sentence each. */
  readonly problems: readonly string[]
}

/** What the machine has, which build of the engine it gets and why, and which models fit. @throws CliError where something is wrong. */
export async function doctor({ client, out, json, around }: CommandContext): Promise<void> {
  const problems: string[] = []
  const config = localConfig(around.env)
  const store = localStore(config, (problem) => problems.push(problem))
  const [found, server, stores, installed] = await Promise.all([
    survey(config, store).catch((error: unknown) => {
      problems.push(`the engine cannot be loaded: ${error instanceof Error ? error.message : String(error)}`)
      return null
    }),
    serverAt(client),
    storesOf(store.folders),
    installedBuilds(),
  ])
  const findings: Findings = {
    version: around.version,
    node: process.versions.node,
    platform: `${process.platform} ${process.arch}`,
    server,
    engine: found === null ? null : engineOf(found, config, installed),
    devices: found?.devices ?? [],
    cores: found?.cores ?? 0,
    stores,
    models: found?.models ?? [],
    problems,
  }
  if (json) out.json(findings)
  else print(findings, out)
  if (problems.length > 0) throw new CliError(problems.join('\n'))
}

async function serverAt(client: Client): Promise<Findings['server']> {
  try {
    const { berth, version } = await client.json<OllamaVersionResponse>('GET', '/api/version')
    // With API keys only their holders are told more.
    const { models } = await client
      .json<OllamaPsResponse>('GET', '/api/ps')
      .catch((): OllamaPsResponse => ({ models: [] }))
    const name = berth === undefined ? `Ollama ${version}` : `Berth ${berth}`
    return { url: client.url, name, loaded: models.map((model) => model.name) }
  } catch (error) {
    if (!(error instanceof CliError)) throw error
    return { url: client.url, loaded: [] }
  }
}

async function storesOf({ own, shared, gguf }: StoreFolders): Promise<Findings['stores']> {
  const all = [
    { folder: own, use: 'Berth’s own' },
    ...shared.map((folder) => ({ folder, use: 'Ollama’s, only read' })),
    ...gguf.map((folder) => ({ folder, use: 'plain GGUF files' })),
  ]
  const stores = await Promise.all(
    all.map(async ({ folder, use }) => {
      const there = await readdir(folder).then(
        () => true,
        () => false,
      )
      if (!there && folder !== own) return []
      const disk = await statfs(there ? folder : dirname(dirname(folder))).catch(() => undefined)
      return [{ folder, use, ...(disk === undefined ? {} : { freeBytes: disk.bavail * disk.bsize }) }]
    }),
  )
  return stores.flat()
}

const SCOPE = '@node-llama-cpp'

/** The engine's builds that lie in node_modules. */
async function installedBuilds(): Promise<readonly string[]> {
  for (const folder of createRequire(import.meta.url).resolve.paths(SCOPE) ?? []) {
    const names = await readdir(join(folder, SCOPE)).catch(() => [])
    if (names.length > 0) return names.toSorted((a, b) => a.localeCompare(b))
  }
  return []
}

function engineOf({ engine }: Survey, config: Config, installed: readonly string[]): Findings['engine'] {
  const build = engine.gpu === false ? 'cpu' : engine.gpu
  return {
    build,
    why: whyBuild(engine, config, installed),
    installed,
    gpus: engine.gpuNames,
    cpuFeatures: [...engine.systemInfo.matchAll(/\b(\w+) = 1\b/g)].map(([, name = '']) => name),
  }
}

function whyBuild({ gpu, gpuNames }: Survey['engine'], config: Config, installed: readonly string[]): string {
  if (config.gpu === 'off') return 'the setting gpu is off'
  if (gpu !== false) return `it sees ${gpuNames.join(', ') || 'a GPU'}, and comes before the others that do`
  const gpuBuilds = installed.filter((name) => /cuda|vulkan|metal/.test(name))
  return gpuBuilds.length === 0
    ? 'no build for a GPU is installed'
    : 'no installed build finds a GPU that it can use (a driver may be missing)'
}

const PLACES: Readonly<Record<string, string>> = {
  gpu: 'GPU',
  hybrid: 'GPU and CPU',
  cpu: 'CPU',
  foreign: 'elsewhere',
}

function print(findings: Findings, out: CommandContext['out']): void {
  const { version, node, platform, server, engine, devices, cores, stores, models } = findings
  const rows: [string, string][] = [
    ['Berth', `${version} on Node ${node}, ${platform}, ${cores} core${cores === 1 ? '' : 's'}`],
    [
      'Server',
      server.name === undefined
        ? `none answers at ${server.url}; "berth serve" starts one`
        : `${server.name} at ${server.url}; in memory: ${server.loaded.join(', ') || 'nothing'}`,
    ],
    ...(engine === null
      ? []
      : ([
          ['Engine', `llama.cpp for ${engine.build.toUpperCase()}: ${engine.why}`],
          ['Builds', engine.installed.join(', ') || 'none prebuilt'],
          ['GPU', engine.gpus.join(', ') || 'none that the engine can use'],
          ['CPU can', engine.cpuFeatures.join(', ')],
        ] satisfies [string, string][])),
    ...devices.map(({ device, free, capacity }): [string, string] => [
      device.name,
      `${formatBytes(free)} of ${formatBytes(capacity)} for models now`,
    ]),
    ...stores.map(({ folder, use, freeBytes }): [string, string] => [
      'Store',
      `${folder} (${use}${freeBytes === undefined ? '' : `, ${fileSize(freeBytes)} free on its disk`})`,
    ]),
  ]
  const width = Math.max(...rows.map(([name]) => name.length)) + 2
  for (const [name, text] of rows) out.line(`${name.padEnd(width)}${text}`)
  out.line()
  if (models.length === 0) {
    out.line('There is no model on this machine yet: "berth pull smollm2:135m" gets a small one.')
    return
  }
  out.table([
    ['MODEL', 'FILE', 'RUNS ON', 'TAKES', 'LONGEST CONTEXT', 'AT ONCE', 'WHY'],
    ...models.map((model) => [
      model.name,
      fileSize(model.bytes),
      model.placement === null
        ? model.fits === null
          ? 'broken'
          : 'does not fit'
        : (PLACES[model.placement] ?? ''),
      model.needs === null ? '' : formatBytes(model.needs),
      model.longestContext === 0 ? '' : String(model.longestContext),
      model.mostSlots === 0 ? '' : String(model.mostSlots),
      model.why,
    ]),
  ])
}
