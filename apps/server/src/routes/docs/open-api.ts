import { z } from 'zod'
import { DESCRIBED_ROUTES, type DescribedRoute } from './described-routes.js'

/** Errors that every route may give. */
const EVERYWHERE: Readonly<Record<number, string>> = {
  401: 'an API key is needed',
  403: 'the host, the origin or the key is not let in',
}
const BAD_BODY: Readonly<Record<number, string>> = {
  400: 'the body is no JSON, or a field is not as it should be; the error names it',
  413: 'the body is too large',
}

/** OpenAPI 3.1. Bodies are described by the very schemas that validate them. */
export function openApi(version: string): object {
  const paths: Record<string, Record<string, object>> = {}
  for (const route of DESCRIBED_ROUTES) {
    const path = (paths[openApiPath(route.path)] ??= {})
    path[route.method.toLowerCase()] = operation(route)
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Berth',
      version,
      description:
        'A scheduler and server for local language models, with the APIs of Ollama, OpenAI and Anthropic.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    security: [{}, { key: [] }],
    paths,
    components: { securitySchemes: { key: { type: 'http', scheme: 'bearer' } } },
  }
}

/** Every status of a route with what it says, errors included. */
export function statusesOf(route: DescribedRoute): Readonly<Record<string, string>> {
  return {
    ...route.answers,
    ...(route.path === '/' ? {} : EVERYWHERE),
    ...(route.body === undefined ? {} : BAD_BODY),
    ...route.fails,
  }
}

/** The JSON schema of what a schema takes in. */
export function inputSchema(schema: z.ZodType): Record<string, unknown> {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })
  return rest
}

/** `/v1/models/:id{.+}` as `/v1/models/{id}`. */
export function openApiPath(path: string): string {
  return path.replace(/:(\w+)(?:\{[^}]*\})?/g, '{$1}')
}

function operation(route: DescribedRoute): object {
  const { group, does, body, bytes, example, answers, type = 'application/json' } = route
  const parameters = Array.from(route.path.matchAll(/:(\w+)/g), ([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }))
  const schema = body === undefined ? undefined : inputSchema(body)
  return {
    tags: [group],
    summary: does,
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(schema === undefined
      ? {}
      : { requestBody: { required: true, content: { 'application/json': { schema, example } } } }),
    ...(bytes ? { requestBody: { content: { 'application/octet-stream': {} } } } : {}),
    responses: Object.fromEntries(
      Object.entries(statusesOf(route)).map(([status, description]) => [
        status,
        {
          description,
          content: Object.fromEntries(
            (status in answers ? type.split(' or ') : ['application/json']).map((each) => [each, {}]),
          ),
        },
      ]),
    ),
  }
}
