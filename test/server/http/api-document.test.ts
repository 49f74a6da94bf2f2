import { resolve } from 'node:path'
import { format, resolveConfig } from 'prettier'
import { describe, expect, it } from 'vitest'
import { DESCRIBED_ROUTES } from '../../../apps/server/src/routes/docs/described-routes.js'
import { openApi } from '../../../apps/server/src/routes/docs/open-api.js'
import { ApiKeys } from '../../../apps/server/src/access/index.js'
import { WebModels } from '../../../apps/server/src/web-models/index.js'
import { apiDocument } from './api-document.js'
import { harness, json } from './harness.js'

const DOCUMENT = resolve(import.meta.dirname, '../../../docs/api.md')

describe('the description of the API', () => {
  it('has every route there is, and none else', () => {
    const { app } = harness({ webModels: new WebModels('/nonexistent', () => undefined) })
    const routes = app.routes
      .filter(({ method }) => method !== 'ALL')
      .map(({ method, path }) => `${method} ${path}`)
    const described = DESCRIBED_ROUTES.map(({ method, path }) => `${method} ${path}`)
    expect(described.toSorted()).toEqual([...new Set(routes)].toSorted())
    expect(described).toHaveLength(new Set(described).size)
  })

  it('has bodies to begin with that are right', () => {
    for (const { body, example } of DESCRIBED_ROUTES)
      expect(body?.safeParse(example).success ?? true).toBe(true)
  })

  it('is docs/api.md', async () => {
    const options = await resolveConfig(DOCUMENT)
    const text = await format(apiDocument(), { ...options, filepath: DOCUMENT })
    await expect(text).toMatchFileSnapshot(DOCUMENT)
  })

  it('is an OpenAPI document of the schemas that validate, for everybody to read', async () => {
    const { app } = harness({ access: { keys: ApiKeys.parse(`ann user sha256:${'0'.repeat(64)}`) } })
    const response = await app.request('/openapi.json')
    const document = await json<{ paths: Record<string, Record<string, unknown>> }>(response)
    expect(document).toEqual(JSON.parse(JSON.stringify(openApi('9.9.9'))))
    expect(document).toMatchObject({ openapi: '3.1.0', info: { version: '9.9.9' } })
    const chat = document.paths['/api/chat']?.['post']
    expect(chat).toMatchObject({
      requestBody: {
        content: {
          'application/json': {
            schema: {
              type: 'object',
              properties: { model: { type: 'string' }, messages: {} },
              required: ['model'],
            },
          },
        },
      },
      responses: { 200: {}, 400: {}, 404: {}, 503: {} },
    })
    expect(document.paths['/v1/models/{id}']).toHaveProperty('get.parameters')
  })
})

describe('the page to try the API at', () => {
  it('runs nothing but its own files, which are there', async () => {
    const { app } = harness()
    const page = await app.request('/docs')
    expect(page.headers.get('content-type')).toContain('text/html')
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'; script-src 'self'")
    const html = await page.text()
    expect(html).not.toMatch(/<script(?![^>]*src=)|<style|style=|\son\w+=|https?:/)
    const files = Array.from(html.matchAll(/(?:src|href)="([^"]+)"/g), ([, path = '']) => path)
    expect(files).toEqual(['/docs/try.css', '/docs/try.js', '/openapi.json'])
    for (const path of files) expect((await app.request(path)).status).toBe(200)
    expect((await app.request('/docs/nothing.js')).status).toBe(404)
  })
})
