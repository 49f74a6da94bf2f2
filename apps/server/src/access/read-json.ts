import type { AppContext } from '../app-env.js'
import { RequestError } from '../generate/index.js'

/**
 * The JSON body of a request.
 * @throws RequestError `too-large` over the limit, with nothing of it parsed; `bad-request` where it is no JSON.
 */
export async function readJson(c: AppContext, limitBytes: number): Promise<unknown> {
  const text = await readText(c, limitBytes)
  if (text.trim() === '') throw new RequestError('bad-request', 'missing request body')
  try {
    return JSON.parse(text)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new RequestError('bad-request', `the request body is not JSON: ${why}`, null, {
      cause: error,
    })
  }
}

async function readText(c: AppContext, limitBytes: number): Promise<string> {
  const announced = c.req.header('content-length')
  const chunked = c.req.header('transfer-encoding') !== undefined
  if (announced !== undefined && !chunked) {
    if (Number(announced) > limitBytes) throw tooLarge(limitBytes)
    return await c.req.text()
  }
  // Nothing says how much will come: count.
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of c.req.raw.body ?? []) {
    size += chunk.byteLength
    if (size > limitBytes) throw tooLarge(limitBytes)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

const tooLarge = (limitBytes: number): RequestError =>
  new RequestError(
    'too-large',
    `the request body is larger than ${limitBytes} bytes, which is the limit (BERTH_BODY_LIMIT)`,
  )
