import type { OllamaShowResponse } from '@berth/protocol'
import type { CommandContext } from '../command-context.js'
import { CliError, EXIT } from '../cli-error.js'
import type { Output } from '../output/output.js'
import { table } from '../output/table.js'
import { withModel } from '../suggest-model.js'

/** Parts of a model that can be asked for alone. */
export interface ShowOptions {
  readonly modelfile?: boolean
  readonly parameters?: boolean
  readonly template?: boolean
  readonly system?: boolean
  readonly license?: boolean
  readonly verbose?: boolean
}

const PARTS = ['modelfile', 'parameters', 'template', 'system', 'license'] as const

export type ShownPart = (typeof PARTS)[number]

export async function show(context: CommandContext, model: string, options: ShowOptions): Promise<void> {
  const { client, out, json } = context
  const wanted = PARTS.filter((part) => options[part])
  if (wanted.length > 1) {
    throw new CliError(`expected one of ${wanted.map((part) => `--${part}`).join(' and ')}`, EXIT.usage)
  }
  const { verbose = false } = options
  const shown = await withModel(client, model, () =>
    client.json<OllamaShowResponse>('POST', '/api/show', { model, verbose }),
  )
  const [part] = wanted
  if (part !== undefined) {
    return json ? out.json({ [part]: shown[part] ?? null }) : showPart(out, shown, part)
  }
  if (json) return out.json(shown)
  showAll(out, shown, verbose)
}

/** A part as it stands, so that it can go into a file. */
export function showPart(out: Output, shown: OllamaShowResponse, part: ShownPart): void {
  const text = shown[part]
  if (text === undefined || text === '') out.note(`the model has no ${part}`)
  else out.line(text.trimEnd())
}

/** Sections with a line for each fact. */
export function showAll(out: Output, shown: OllamaShowResponse, verbose: boolean): void {
  const { details, model_info: info, capabilities, parameters, system, license } = shown
  const named = info['general.architecture']
  const architecture = typeof named === 'string' ? named : details.family
  const of = (key: string): string => {
    const value = info[`${architecture}.${key}`]
    return value === undefined || value === null ? '' : JSON.stringify(value)
  }
  section(out, 'Model', [
    ['architecture', architecture],
    ['parameters', details.parameter_size],
    ['context length', of('context_length')],
    ['embedding length', of('embedding_length')],
    ['quantization', details.quantization_level],
  ])
  section(
    out,
    'Capabilities',
    capabilities.map((name) => [name]),
  )
  section(
    out,
    'Parameters',
    (parameters ?? '').split('\n').map((line) => {
      const [, name = '', value = ''] = /^(\S+)\s*(.*)$/.exec(line) ?? []
      return [name, value]
    }),
  )
  if (verbose) {
    section(
      out,
      'Metadata',
      Object.entries(info).map(([key, value]) => [key, value === null ? '…' : JSON.stringify(value)]),
    )
    const { tensors = [] } = shown
    section(
      out,
      'Tensors',
      tensors.map(({ name, type, shape }) => [name, type, `[${shape.join(' ')}]`]),
    )
  }
  section(out, 'System', firstLines(system))
  section(out, 'License', firstLines(license))
}

/** Rows without anything but a name are left out, and a section without rows. */
function section(out: Output, title: string, rows: readonly (readonly string[])[]): void {
  const full = rows.filter((row) => row.some((cell) => cell !== '') && row.at(-1) !== '')
  if (full.length === 0) return
  out.line(`  ${title}`)
  const width = out.width === undefined ? undefined : out.width - 4
  out.write(table(full, width).replaceAll(/^(?=.)/gm, '    '))
  out.line()
}

/** Licences are long; the whole of one is what `--license` is for. */
function firstLines(text = ''): readonly (readonly string[])[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  return [...lines.slice(0, 2), ...(lines.length > 2 ? ['…'] : [])].map((line) => [line.trim()])
}
