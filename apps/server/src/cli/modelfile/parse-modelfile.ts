/** What a Modelfile says, in its own order. */
export interface Modelfile {
  /** A model, or the path of a file or folder. */
  readonly from: string
  readonly adapters: readonly string[]
  readonly parameters: Readonly<Record<string, unknown>>
  readonly template?: string
  readonly system?: string
  readonly licenses: readonly string[]
  readonly messages: readonly { readonly role: string; readonly content: string }[]
}

/** What is wrong with a Modelfile, with its line. */
export class ModelfileError extends Error {
  override readonly name = 'ModelfileError'
}

interface Instruction {
  readonly name: string
  readonly value: string
  /** From 1. */
  readonly line: number
}

const NAMES = ['FROM', 'ADAPTER', 'PARAMETER', 'TEMPLATE', 'SYSTEM', 'LICENSE', 'MESSAGE'] as const

const ROLES: readonly string[] = ['system', 'user', 'assistant']

const BLOCK = '"""'

/**
 * Reads a Modelfile by Ollama's rules: instructions in any order and any case, `#` comments on lines of their
 * own, `"""` around what has several lines, `"` around what has blanks at its ends.
 * @throws ModelfileError
 */
export function parseModelfile(text: string): Modelfile {
  const from: string[] = []
  const adapters: string[] = []
  const licenses: string[] = []
  const messages: { role: string; content: string }[] = []
  const parameters: Record<string, unknown> = {}
  let template: string | undefined
  let system: string | undefined
  for (const instruction of instructionsOf(text)) {
    const { name, value, line } = instruction
    switch (name) {
      case 'FROM':
        from.push(value)
        break
      case 'ADAPTER':
        adapters.push(value)
        break
      case 'TEMPLATE':
        template = value
        break
      case 'SYSTEM':
        system = value
        break
      case 'LICENSE':
        licenses.push(value)
        break
      case 'PARAMETER':
        addParameter(parameters, instruction)
        break
      case 'MESSAGE':
        messages.push(messageOf(instruction))
        break
      default:
        throw new ModelfileError(
          `line ${line}: expected one of ${NAMES.join(', ')}, got ${JSON.stringify(name)}`,
        )
    }
  }
  const [base, second] = from
  if (base === undefined)
    throw new ModelfileError('no FROM line: it names the model or the GGUF file to begin with')
  if (second !== undefined) throw new ModelfileError(`two FROM lines, ${base} and ${second}: expected one`)
  return {
    from: base,
    adapters,
    parameters,
    ...(template === undefined ? {} : { template }),
    ...(system === undefined ? {} : { system }),
    licenses,
    messages,
  }
}

function instructionsOf(text: string): Instruction[] {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/)
  const found: Instruction[] = []
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? ''
    if (line.trim() === '' || line.trimStart().startsWith('#')) continue
    const [, word = '', rest = ''] = /^\s*(\S+)\s*(.*?)\s*$/.exec(line) ?? []
    const name = word.toUpperCase()
    const first = at + 1
    // A message's role stands before its text.
    const [, lead = '', tail = rest] = name === 'MESSAGE' ? (/^(\S+\s+)(.*)$/.exec(rest) ?? []) : []
    let value = tail
    if (tail.startsWith(BLOCK)) {
      let block = tail.slice(BLOCK.length)
      // The line's own end counts here: what was cut off it may be part of the text.
      if (!block.includes(BLOCK)) block = line.slice(line.indexOf(BLOCK) + BLOCK.length)
      while (!block.includes(BLOCK)) {
        at++
        const next = lines[at]
        if (next === undefined) throw new ModelfileError(`line ${first}: the text after ${BLOCK} has no end`)
        block += `\n${next}`
      }
      value = block.slice(0, block.indexOf(BLOCK))
    } else value = unquoted(tail)
    if (value === '' && name === 'FROM')
      throw new ModelfileError(`line ${first}: expected something after ${name}`)
    found.push({ name, value: lead + value, line: first })
  }
  return found
}

function unquoted(text: string): string {
  return text.length >= 2 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1) : text
}

/** A parameter that is given again makes a list of `stop`; of any other the last one holds. */
function addParameter(parameters: Record<string, unknown>, { value, line }: Instruction): void {
  const [, rawName = '', raw = ''] = /^(\S+)\s*([^]*)$/.exec(value) ?? []
  const name = rawName.toLowerCase()
  if (name === '' || raw === '') {
    throw new ModelfileError(`line ${line}: expected PARAMETER NAME VALUE, got ${JSON.stringify(value)}`)
  }
  const text = unquoted(raw.startsWith(BLOCK) && raw.endsWith(BLOCK) ? raw.slice(3, -3) : raw)
  if (name !== 'stop') parameters[name] = parameterValue(text)
  else {
    const before: unknown = parameters['stop']
    parameters['stop'] = [...(Array.isArray(before) ? before : []), text]
  }
}

/** A number or a truth value where the text is one. */
export function parameterValue(text: string): string | number | boolean {
  if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) return Number(text)
  if (/^true$/i.test(text)) return true
  return /^false$/i.test(text) ? false : text
}

function messageOf({ value, line }: Instruction): { role: string; content: string } {
  const [, role = '', content = ''] = /^(\S+)\s*([^]*)$/.exec(value) ?? []
  if (!ROLES.includes(role.toLowerCase())) {
    throw new ModelfileError(
      `line ${line}: expected MESSAGE with ${ROLES.join(', ')} and a text, got ${JSON.stringify(role)}`,
    )
  }
  return { role: role.toLowerCase(), content }
}
