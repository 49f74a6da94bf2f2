import {
  DESCRIBED_ROUTES,
  type DescribedRoute,
} from '../../../apps/server/src/routes/docs/described-routes.js'
import { inputSchema, openApiPath, statusesOf } from '../../../apps/server/src/routes/docs/open-api.js'

type Schema = Readonly<Record<string, unknown>>

/** docs/api.md: what the table of routes and the schemas that validate say, for people. */
export function apiDocument(): string {
  const groups = new Set(DESCRIBED_ROUTES.map(({ group }) => group))
  return [
    '# The API',
    'Every route of the server. This page is made from the schemas that validate requests, and a test fails where it is not what they say; `npx vitest run --project server test/server/http/api-document.test.ts -u` makes it anew. The same is at `/openapi.json` for programs, and at `/docs` there is a page to try it.',
    'Errors have the shape of their API: `{"error": "…"}` of Ollama’s, `{"error": {"message", "type", "param", "code"}}` under `/v1`, `{"type": "error", "error": {"type", "message"}}` under `/v1/messages`. What goes wrong in mid-stream is a last line or event. A path that is none is a 404, a wrong method a 405 with `Allow`. Where API keys are asked for, 401 is no key and 403 one that may not; `/api/berth/*` and what changes the models need an admin’s. GET routes answer HEAD too.',
    ...Array.from(groups, (name) =>
      [`## ${name}`, ...DESCRIBED_ROUTES.filter(({ group }) => group === name).map(section)].join('\n\n'),
    ),
  ].join('\n\n')
}

function section(route: DescribedRoute): string {
  const { method, path, does, body, bytes, type = 'application/json' } = route
  const good = Object.keys(route.answers).length > 0
  return [
    `### ${method} ${openApiPath(path)}`,
    `${does.charAt(0).toUpperCase()}${does.slice(1)}.${good ? ` Answers ${type}.` : ''}`,
    ...(bytes ? ['The body is the bytes of a file.'] : []),
    ...(body === undefined ? [] : [fieldsOf(inputSchema(body))]),
    table(['status', 'when'], Object.entries(statusesOf(route))),
  ].join('\n\n')
}

function fieldsOf(schema: Schema): string {
  const required = new Set(Array.isArray(schema['required']) ? schema['required'] : [])
  const rows = Object.entries(properties(schema)).map(([name, field]) => [
    `\`${name}\`${required.has(name) ? '' : ' (optional)'}`,
    typeOf(field),
  ])
  return table(['field', 'takes'], rows)
}

/** A type in words, its inner fields one level deep. */
function typeOf(schema: Schema): string {
  const options = ['anyOf', 'oneOf'].flatMap((key) => (isSchemas(schema[key]) ? schema[key] : []))
  if (options.length > 0) {
    const kinds = options.filter(({ type }) => type !== 'null').map(typeOf)
    return [...new Set(kinds)].join(' or ')
  }
  if (isSchemas(schema['allOf'])) return schema['allOf'].map(typeOf).join(' and ')
  if ('const' in schema) return `\`${JSON.stringify(schema['const'])}\``
  if (Array.isArray(schema['enum']))
    return schema['enum'].map((one) => `\`${JSON.stringify(one)}\``).join(', ')
  if (schema['type'] === 'array') {
    const items = schema['items']
    return `a list of ${isSchema(items) ? typeOf(items) : 'anything'}`
  }
  if (schema['type'] === 'object') {
    const names = Object.keys(properties(schema))
    return names.length === 0 ? 'an object' : `an object of ${names.map((name) => `\`${name}\``).join(', ')}`
  }
  const bounds = [
    ...(typeof schema['minimum'] === 'number' && schema['minimum'] > Number.MIN_SAFE_INTEGER
      ? [`from ${schema['minimum']}`]
      : []),
    ...(typeof schema['maximum'] === 'number' && schema['maximum'] < Number.MAX_SAFE_INTEGER
      ? [`to ${schema['maximum']}`]
      : []),
  ]
  const types = [schema['type']].flat().filter((type) => typeof type === 'string' && type !== 'null')
  const named = types.map((type) => WORDS[String(type)] ?? String(type)).join(' or ') || 'anything'
  return [named, ...bounds].join(' ')
}

const WORDS: Readonly<Record<string, string>> = {
  string: 'a text',
  boolean: 'true or false',
  number: 'a number',
  integer: 'a whole number',
}

const isSchema = (value: unknown): value is Schema => typeof value === 'object' && value !== null
const isSchemas = (value: unknown): value is Schema[] => Array.isArray(value) && value.every(isSchema)

function properties(schema: Schema): Readonly<Record<string, Schema>> {
  const found = schema['properties']
  if (!isSchema(found)) return {}
  return Object.fromEntries(
    Object.entries(found).flatMap(([name, field]) => (isSchema(field) ? [[name, field]] : [])),
  )
}

const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}
