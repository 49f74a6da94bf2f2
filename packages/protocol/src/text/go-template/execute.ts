import { goFunctions, type GoFunction, type Today } from './functions.js'
import {
  GoTemplateError,
  type GoNode,
  type GoTemplate,
  type Nodes,
  type Operand,
  type Pipe,
} from './nodes.js'
import { entriesOf, fieldOf, isTrue, printed } from './values.js'

/** Templates may call themselves; one that does so for ever is stopped. */
const DEEPEST = 100

/**
 * Renders a template, after Go's text/template.
 * @throws GoTemplateError for a function or a template that there is not, and for values that do not go together.
 */
export function executeGoTemplate(template: GoTemplate, data: unknown, today: Today): string {
  const run = new Run(template, goFunctions(today))
  run.walk(template.root, { dot: data, variables: new Map([['$', data]]), parent: null }, 0)
  return run.text
}

/** Where names are looked for: each `if`, `range` and `with` has a scope of its own. */
interface Scope {
  readonly dot: unknown
  readonly variables: Map<string, unknown>
  readonly parent: Scope | null
}

type Jump = 'break' | 'continue' | null

class Run {
  text = ''
  readonly #template: GoTemplate
  readonly #functions: Readonly<Record<string, GoFunction>>

  constructor(template: GoTemplate, functions: Readonly<Record<string, GoFunction>>) {
    this.#template = template
    this.#functions = functions
  }

  walk(nodes: Nodes, scope: Scope, depth: number): Jump {
    for (const node of nodes) {
      const jump = this.#node(node, scope, depth)
      if (jump !== null) return jump
    }
    return null
  }

  #node(node: GoNode, scope: Scope, depth: number): Jump {
    switch (node.type) {
      case 'text':
        this.text += node.text
        return null
      case 'action': {
        const value = this.#pipe(node.pipe, scope)
        if (node.pipe.variables.length === 0) this.text += printed(value)
        return null
      }
      case 'if':
      case 'with': {
        const inner = within(scope, scope.dot)
        const value = this.#pipe(node.pipe, inner)
        if (!isTrue(value)) return this.walk(node.otherwise, inner, depth)
        return this.walk(node.body, node.type === 'with' ? within(inner, value) : inner, depth)
      }
      case 'range':
        return this.#range(node, scope, depth)
      case 'template': {
        const nodes = this.#template.defined.get(node.name)
        if (nodes === undefined)
          throw new GoTemplateError(`there is no template ${JSON.stringify(node.name)}`)
        if (depth > DEEPEST)
          throw new GoTemplateError(`the template ${JSON.stringify(node.name)} calls itself without end`)
        const dot = node.pipe === null ? undefined : this.#pipe(node.pipe, scope)
        this.walk(nodes, { dot, variables: new Map([['$', dot]]), parent: null }, depth + 1)
        return null
      }
      case 'break':
      case 'continue':
        return node.type
    }
  }

  #range(node: Extract<GoNode, { type: 'range' }>, scope: Scope, depth: number): Jump {
    const { variables } = node.pipe
    const outer = within(scope, scope.dot)
    const entries = entriesOf(this.#pipe({ ...node.pipe, variables: [] }, outer))
    if (entries.length === 0) return this.walk(node.otherwise, outer, depth)
    for (const [key, value] of entries) {
      const inner = within(outer, value)
      const [first, second] = variables
      if (second !== undefined) inner.variables.set(second, value)
      if (first !== undefined) inner.variables.set(first, second === undefined ? value : key)
      if (this.walk(node.body, inner, depth) === 'break') return null
    }
    return null
  }

  #pipe(pipe: Pipe, scope: Scope): unknown {
    let value: unknown
    for (const [at, command] of pipe.commands.entries())
      value = this.#command(command, scope, at === 0 ? [] : [value])
    for (const name of pipe.variables) {
      const holder = pipe.assigns ? holderOf(scope, name) : scope
      if (holder === null) throw new GoTemplateError(`there is no variable ${name}`)
      holder.variables.set(name, value)
    }
    return value
  }

  #command([first, ...rest]: readonly Operand[], scope: Scope, last: readonly unknown[]): unknown {
    if (first === undefined) return undefined
    if (first.type !== 'function') {
      // A field that is a function of its value, as Ollama has for types of properties.
      if (first.type === 'fields' && first.path.at(-1) === 'ToTypeScriptType') {
        const of: Operand = first.path.length === 1 ? first.of : { ...first, path: first.path.slice(0, -1) }
        return this.#function('toTypeScriptType')(this.#operand(of, scope))
      }
      if (rest.length + last.length > 0) throw new GoTemplateError('only a function takes arguments')
      return this.#operand(first, scope)
    }
    if (first.name === 'and' || first.name === 'or') return this.#logic(first.name, rest, scope, last)
    return this.#function(first.name)(...rest.map((operand) => this.#operand(operand, scope)), ...last)
  }

  /** Stops at the first that decides: what comes after may not even be there. */
  #logic(name: 'and' | 'or', operands: readonly Operand[], scope: Scope, last: readonly unknown[]): unknown {
    let value: unknown
    for (const operand of operands) {
      value = this.#operand(operand, scope)
      if (isTrue(value) === (name === 'or')) return value
    }
    return last.length > 0 ? last[0] : value
  }

  #function(name: string): GoFunction {
    const found = Object.hasOwn(this.#functions, name) ? this.#functions[name] : undefined
    if (found === undefined) throw new GoTemplateError(`there is no function ${JSON.stringify(name)}`)
    return found
  }

  #operand(operand: Operand, scope: Scope): unknown {
    switch (operand.type) {
      case 'literal':
        return operand.value
      case 'dot':
        return scope.dot
      case 'variable': {
        const holder = holderOf(scope, operand.name)
        if (holder === null) throw new GoTemplateError(`there is no variable ${operand.name}`)
        return holder.variables.get(operand.name)
      }
      case 'function':
        return this.#command([operand], scope, [])
      case 'pipe':
        return this.#pipe(operand.pipe, scope)
      case 'fields':
        return operand.path.reduce(fieldOf, this.#operand(operand.of, scope))
    }
  }
}

const within = (parent: Scope, dot: unknown): Scope => ({ dot, variables: new Map(), parent })

function holderOf(scope: Scope | null, name: string): Scope | null {
  for (let at = scope; at !== null; at = at.parent) if (at.variables.has(name)) return at
  return null
}
