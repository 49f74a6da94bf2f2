/** What a registry says when it wants a token: where to get one, and for what. */
export interface TokenChallenge {
  readonly realm: string
  readonly service: string | null
  readonly scope: string | null
}

/**
 * Reads a `WWW-Authenticate: Bearer realm="…",service="…",scope="…"` header, as the registry protocol of
 * containers has it. Null where it is none that an anonymous token would answer.
 */
export function tokenChallenge(header: string | null): TokenChallenge | null {
  const fields = /^Bearer\s+(.*)$/i.exec(header ?? '')?.[1]
  if (fields === undefined) return null
  const values = new Map(
    Array.from(fields.matchAll(/(\w+)="([^"]*)"/g), ([, name = '', value = '']) => [
      name.toLowerCase(),
      value,
    ]),
  )
  const realm = values.get('realm')
  if (realm === undefined || !URL.canParse(realm)) return null
  return { realm, service: values.get('service') ?? null, scope: values.get('scope') ?? null }
}

/** The address at which such a token is to be had. */
export function tokenUrl({ realm, service, scope }: TokenChallenge): string {
  const url = new URL(realm)
  if (service !== null) url.searchParams.set('service', service)
  if (scope !== null) url.searchParams.set('scope', scope)
  return url.href
}

/** The token in an answer of such an address; both spellings are in use. */
export function tokenIn(answer: unknown): string | null {
  if (typeof answer !== 'object' || answer === null) return null
  for (const [name, value] of Object.entries(answer)) {
    if ((name === 'token' || name === 'access_token') && typeof value === 'string' && value !== '')
      return value
  }
  return null
}
