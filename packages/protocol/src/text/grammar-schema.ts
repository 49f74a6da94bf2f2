import { BackendError } from '@berth/scheduler'

type Json = Readonly<Record<string, unknown>>

const isRecord = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Any JSON, for a schema that says nothing. */
const ANYTHING: Json = {
  oneOf: [
    { type: ['string', 'number', 'boolean', 'null'] },
    { type: 'object', additionalProperties: true },
    { type: 'array' },
  ],
}

/** What a grammar would have to leave out, so that the answer would not keep to the schema. */
const CANNOT = ['not', 'if', 'patternProperties', 'dependentSchemas', 'contains', 'propertyNames']

/**
 * Rewrites a JSON Schema into the part of the language from which the engine makes grammars, which knows
 * `oneOf`, `$defs`, `const`, `enum` and types, and takes all else for `null`.
 * Restrictions on values (`pattern`, `minimum` …) do not go into a grammar and are left out.
 * @throws BackendError `bad-job` for what makes no sense, `unsupported` for what cannot be kept to.
 */
export function grammarSchema(schema: unknown, path = 'format'): Json {
  if (schema === true) return ANYTHING
  if (!isRecord(schema)) {
    throw new BackendError('bad-job', `Expected a JSON schema at \`${path}\`, got ${JSON.stringify(schema)}`)
  }
  const cannot = CANNOT.find((keyword) => keyword in schema)
  if (cannot !== undefined) {
    throw new BackendError('unsupported', `The schema's \`${path}.${cannot}\` cannot be made into a grammar`)
  }
  const defs = definitions(schema, path)
  return { ...form(schema, path), ...(defs === null ? {} : { $defs: defs }) }
}

function form(schema: Json, path: string): Json {
  const { $ref, anyOf, oneOf, allOf } = schema
  if (typeof $ref === 'string') return { $ref: $ref.replace('#/definitions/', '#/$defs/') }
  const choices = anyOf ?? oneOf
  if (Array.isArray(choices)) {
    return { oneOf: choices.map((choice, at) => grammarSchema(choice, `${path}.oneOf[${at}]`)) }
  }
  if (Array.isArray(allOf)) {
    if (allOf.length === 1) return grammarSchema(allOf[0], `${path}.allOf[0]`)
    return grammarSchema(merged(allOf, path), path)
  }
  if ('const' in schema) return { const: schema['const'] }
  if (Array.isArray(schema['enum'])) return { enum: schema['enum'] }
  return typed(schema, path)
}

function typed(schema: Json, path: string): Json {
  const type =
    schema['type'] ?? (isRecord(schema['properties']) ? 'object' : 'items' in schema ? 'array' : undefined)
  if (type === undefined) return ANYTHING
  if (Array.isArray(type) && type.some((one) => one === 'object' || one === 'array')) {
    return { oneOf: type.map((one) => typed({ ...schema, type: one }, path)) }
  }
  if (type === 'object') return objectForm(schema, path)
  if (type === 'array') return arrayForm(schema, path)
  const known = new Set<unknown>(['string', 'number', 'integer', 'boolean', 'null'])
  const unknown = [type].flat().find((one) => !known.has(one))
  if (unknown !== undefined) {
    throw new BackendError(
      'bad-job',
      `Expected \`${path}.type\` to be one of JSON Schema's types, got ${JSON.stringify(unknown)}`,
    )
  }
  return { type, ...pick(schema, type === 'string' ? ['minLength', 'maxLength', ...formatOf(schema)] : []) }
}

/** The formats that the engine's grammars know. */
function formatOf(schema: Json): string[] {
  return ['date-time', 'time', 'date'].includes(String(schema['format'])) ? ['format'] : []
}

function objectForm(schema: Json, path: string): Json {
  const properties = isRecord(schema['properties']) ? schema['properties'] : {}
  const { additionalProperties } = schema
  const open = additionalProperties ?? Object.keys(properties).length === 0
  return {
    type: 'object',
    properties: Object.fromEntries(
      Object.entries(properties).map(([name, value]) => [
        name,
        grammarSchema(value, `${path}.properties.${name}`),
      ]),
    ),
    additionalProperties: isRecord(open) ? grammarSchema(open, `${path}.additionalProperties`) : open,
    ...pick(schema, ['minProperties', 'maxProperties']),
  }
}

function arrayForm(schema: Json, path: string): Json {
  const { items, prefixItems } = schema
  return {
    type: 'array',
    ...(items === undefined || items === true ? {} : { items: grammarSchema(items, `${path}.items`) }),
    ...(Array.isArray(prefixItems)
      ? { prefixItems: prefixItems.map((item, at) => grammarSchema(item, `${path}.prefixItems[${at}]`)) }
      : {}),
    ...pick(schema, ['minItems', 'maxItems']),
  }
}

function definitions(schema: Json, path: string): Json | null {
  const own = schema['$defs'] ?? schema['definitions']
  if (!isRecord(own)) return null
  return Object.fromEntries(
    Object.entries(own).map(([name, value]) => [name, grammarSchema(value, `${path}.$defs.${name}`)]),
  )
}

/** Objects that must all hold become one object with the properties of all. */
function merged(all: readonly unknown[], path: string): Json {
  let properties: Json = {}
  for (const one of all) {
    if (!isRecord(one) || !isRecord(one['properties'])) {
      throw new BackendError('unsupported', `The schema's \`${path}.allOf\` cannot be made into a grammar`)
    }
    properties = { ...properties, ...one['properties'] }
  }
  return { type: 'object', properties }
}

function pick(schema: Json, names: readonly string[]): Json {
  return Object.fromEntries(names.filter((name) => name in schema).map((name) => [name, schema[name]]))
}
