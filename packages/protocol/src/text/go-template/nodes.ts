/** What a template is made of, after Go's text/template. */
export type GoNode =
  | { readonly type: 'text'; readonly text: string }
  /** Prints its pipeline, unless that only declares a variable. */
  | { readonly type: 'action'; readonly pipe: Pipe }
  | { readonly type: 'if' | 'with'; readonly pipe: Pipe; readonly body: Nodes; readonly otherwise: Nodes }
  | { readonly type: 'range'; readonly pipe: Pipe; readonly body: Nodes; readonly otherwise: Nodes }
  | { readonly type: 'template'; readonly name: string; readonly pipe: Pipe | null }
  | { readonly type: 'break' | 'continue' }

export type Nodes = readonly GoNode[]

/** `$v := a b | c`: each command gets the value of the one before as its last argument. */
export interface Pipe {
  readonly variables: readonly string[]
  /** `=` instead of `:=`: the variable is there already. */
  readonly assigns: boolean
  readonly commands: readonly (readonly Operand[])[]
}

export type Operand =
  | { readonly type: 'literal'; readonly value: string | number | boolean | null }
  | { readonly type: 'dot' }
  | { readonly type: 'variable'; readonly name: string }
  | { readonly type: 'function'; readonly name: string }
  | { readonly type: 'pipe'; readonly pipe: Pipe }
  /** `.A.B` of an operand. */
  | { readonly type: 'fields'; readonly of: Operand; readonly path: readonly string[] }

export interface GoTemplate {
  readonly root: Nodes
  /** By their names: what `define` and `block` made. */
  readonly defined: ReadonlyMap<string, Nodes>
}

/** A template that is none, or that asks for something that there is not. */
export class GoTemplateError extends Error {
  override readonly name = 'GoTemplateError'
}
