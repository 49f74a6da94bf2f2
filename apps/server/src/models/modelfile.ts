import type { StoredModel } from './stored-model.js'

/** The parameters a line each, as `ollama show` prints them; a list has a line for each of its values. */
export function parameterLines(model: StoredModel): readonly string[] {
  return eachParameter(model).map(([name, value]) => `${name.padEnd(30)} ${literal(value)}`)
}

/** A Modelfile that would make this model again. */
export function modelfile(model: StoredModel, licenses: readonly string[]): string {
  const lines = [
    '# Modelfile of this model. To make another one from it, replace FROM by:',
    `# FROM ${model.name}`,
    '',
    `FROM ${model.files[0]}`,
    ...model.adapters.map((path) => `ADAPTER ${path}`),
    ...(model.template === undefined ? [] : [`TEMPLATE ${quoted(model.template)}`]),
    ...(model.system === undefined ? [] : [`SYSTEM ${quoted(model.system)}`]),
    ...eachParameter(model).map(([name, value]) => `PARAMETER ${name} ${literal(value)}`),
    ...model.messages.map(({ role, content }) => `MESSAGE ${role} ${quoted(content)}`),
    ...licenses.map((text) => `LICENSE ${quoted(text)}`),
  ]
  return `${lines.join('\n')}\n`
}

function eachParameter(model: StoredModel): (readonly [string, unknown])[] {
  return Object.entries(model.parameters).flatMap(([name, value]) =>
    Array.isArray(value) ? value.map((item: unknown) => [name, item] as const) : [[name, value] as const],
  )
}

function literal(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : String(value)
}

/** A Modelfile has no escapes: one line stands as it is, more go between three quotes. */
function quoted(text: string): string {
  return text.includes('\n') || text.includes('"') ? `"""${text}"""` : text
}
