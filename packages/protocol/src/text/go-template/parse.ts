import {
  GoTemplateError,
  type GoNode,
  type GoTemplate,
  type Nodes,
  type Operand,
  type Pipe,
} from './nodes.js'
import { split, type Segment } from './split.js'
import { tokens, type Token } from './tokens.js'

/** @throws GoTemplateError for what is no template. */
export function parseGoTemplate(source: string): GoTemplate {
  const parser = new Parser(split(source))
  const root = parser.list().nodes
  return { root, defined: parser.defined }
}

type Ending = 'end' | 'else' | 'nothing'

class Parser {
  readonly defined = new Map<string, Nodes>()
  readonly #segments: readonly Segment[]
  #at = 0
  #depth = 0

  constructor(segments: readonly Segment[]) {
    this.#segments = segments
  }

  /** Nodes up to an `end` or `else` of theirs, or to the end of all; `rest` is what stands behind the `else`. */
  list(): { nodes: Nodes; ending: Ending; rest: string } {
    const nodes: GoNode[] = []
    while (this.#at < this.#segments.length) {
      const segment = this.#segments[this.#at]
      this.#at += 1
      if (segment === undefined) break
      if (segment.type === 'text') {
        nodes.push({ type: 'text', text: segment.text })
        continue
      }
      const [, word = '', rest = ''] = /^(\w*)\s*([\s\S]*)$/.exec(segment.text) ?? []
      if (word === 'end' || word === 'else') {
        if (this.#depth === 0) throw new GoTemplateError(`{{${word}}} without a beginning`)
        return { nodes, ending: word, rest }
      }
      const node = this.#action(word, rest, segment.text)
      if (node !== null) nodes.push(node)
    }
    if (this.#depth > 0) throw new GoTemplateError('{{end}} is missing')
    return { nodes, ending: 'nothing', rest: '' }
  }

  #action(word: string, rest: string, whole: string): GoNode | null {
    switch (word) {
      case 'if':
      case 'with':
      case 'range':
        return this.#branch(word, rest)
      case 'break':
      case 'continue':
        return { type: word }
      case 'define': {
        this.defined.set(nameIn(rest), this.#body())
        return null
      }
      case 'block': {
        const name = nameIn(rest)
        this.defined.set(name, this.#body())
        return { type: 'template', name, pipe: pipeIn(withoutName(rest)) }
      }
      case 'template': {
        const pipe = withoutName(rest)
        return { type: 'template', name: nameIn(rest), pipe: pipe === '' ? null : pipeIn(pipe) }
      }
      default:
        return whole === '' ? null : { type: 'action', pipe: pipeIn(whole) }
    }
  }

  #branch(type: 'if' | 'with' | 'range', condition: string): GoNode {
    const pipe = pipeIn(condition)
    this.#depth += 1
    const body = this.list()
    let otherwise: Nodes = []
    if (body.ending === 'else') {
      const [, again, rest = ''] = /^(if|with)\b\s*([\s\S]*)$/.exec(body.rest) ?? []
      if (again === 'if' || again === 'with') {
        // The `end` of the inner one is the outer one's too.
        this.#depth -= 1
        return { type, pipe, body: body.nodes, otherwise: [this.#branch(again, rest)] }
      }
      otherwise = this.list().nodes
    }
    this.#depth -= 1
    return { type, pipe, body: body.nodes, otherwise }
  }

  #body(): Nodes {
    this.#depth += 1
    const { nodes } = this.list()
    this.#depth -= 1
    return nodes
  }
}

function nameIn(rest: string): string {
  const [first] = tokens(rest)
  if (first?.type === 'literal' && typeof first.value === 'string') return first.value
  throw new GoTemplateError(`expected a template's name in quotes, got ${rest}`)
}

const withoutName = (rest: string): string => rest.replace(/^("[^"]*"|`[^`]*`)\s*/, '')

function pipeIn(text: string): Pipe {
  const reader = new PipeReader(tokens(text))
  const pipe = reader.pipe()
  if (!reader.isDone) throw new GoTemplateError(`unexpected end of {{${text}}}`)
  return pipe
}

class PipeReader {
  readonly #tokens: readonly Token[]
  #at = 0

  constructor(all: readonly Token[]) {
    this.#tokens = all
  }

  get isDone(): boolean {
    return this.#at >= this.#tokens.length
  }

  pipe(): Pipe {
    const { variables, assigns } = this.#declaration()
    const commands: Operand[][] = [[]]
    for (;;) {
      const token = this.#tokens[this.#at]
      if (token === undefined || isSign(token, ')')) break
      if (isSign(token, '|')) {
        this.#at += 1
        commands.push([])
      } else {
        commands.at(-1)?.push(this.#operand())
      }
    }
    if (commands.some((command) => command.length === 0)) throw new GoTemplateError('a command is empty')
    return { variables, assigns, commands }
  }

  #declaration(): Pick<Pipe, 'variables' | 'assigns'> {
    const begin = this.#at
    const variables: string[] = []
    for (let token = this.#tokens[this.#at]; token?.type === 'variable'; token = this.#tokens[this.#at]) {
      variables.push(token.text)
      this.#at += 1
      const sign = this.#tokens[this.#at]
      this.#at += 1
      if (sign !== undefined && (isSign(sign, ':=') || isSign(sign, '=')))
        return { variables, assigns: isSign(sign, '=') }
      if (sign === undefined || !isSign(sign, ',')) break
    }
    this.#at = begin
    return { variables: [], assigns: false }
  }

  #operand(): Operand {
    let operand = this.#first()
    const path: string[] = []
    for (
      let token = this.#tokens[this.#at];
      token?.type === 'field' && token.joined;
      token = this.#tokens[this.#at]
    ) {
      path.push(token.text.slice(1))
      this.#at += 1
    }
    if (path.length > 0) {
      operand =
        operand.type === 'fields'
          ? { ...operand, path: [...operand.path, ...path] }
          : { type: 'fields', of: operand, path }
    }
    return operand
  }

  #first(): Operand {
    const token = this.#tokens[this.#at]
    this.#at += 1
    if (token === undefined) throw new GoTemplateError('an operand is missing')
    switch (token.type) {
      case 'literal':
        return { type: 'literal', value: token.value }
      case 'variable':
        return { type: 'variable', name: token.text }
      case 'field':
        return token.text === '.'
          ? { type: 'dot' }
          : { type: 'fields', of: { type: 'dot' }, path: [token.text.slice(1)] }
      case 'word':
        if (token.text === 'true' || token.text === 'false')
          return { type: 'literal', value: token.text === 'true' }
        return token.text === 'nil'
          ? { type: 'literal', value: null }
          : { type: 'function', name: token.text }
      case 'sign': {
        if (token.text !== '(') throw new GoTemplateError(`unexpected ${token.text}`)
        const pipe = this.pipe()
        const close = this.#tokens[this.#at]
        if (close === undefined || !isSign(close, ')'))
          throw new GoTemplateError('a parenthesis is not closed')
        this.#at += 1
        return { type: 'pipe', pipe }
      }
    }
  }
}

const isSign = (token: Token, text: string): boolean => token.type === 'sign' && token.text === text
