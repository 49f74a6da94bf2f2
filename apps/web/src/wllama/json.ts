/** A field of a JSON value, by its path; undefined where there is none. */
export function field(value: unknown, ...path: readonly (string | number)[]): unknown {
  let at = value
  for (const name of path) {
    if (typeof at !== 'object' || at === null) return undefined
    const entries: Readonly<Record<string, unknown>> = { ...at }
    at = entries[name]
  }
  return at
}

export function numberField(value: unknown, ...path: readonly (string | number)[]): number {
  const found = field(value, ...path)
  return typeof found === 'number' ? found : 0
}

export function textField(value: unknown, ...path: readonly (string | number)[]): string {
  const found = field(value, ...path)
  return typeof found === 'string' ? found : ''
}

export function listField(value: unknown, ...path: readonly (string | number)[]): readonly unknown[] {
  const found = field(value, ...path)
  return Array.isArray(found) ? found : []
}
