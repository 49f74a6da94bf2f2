import { RequestError } from './request-error.js'

const BASE64 = /^[A-Za-z0-9+/\-_\s]*={0,2}\s*$/

/** The bytes of an image sent as base64, bare or as a `data:` URL. @throws RequestError naming the field. */
export function imageBytes(text: string, field: string): Uint8Array {
  const data = /^data:[^,]*;base64,(.*)$/s.exec(text)?.[1] ?? text
  const bytes = BASE64.test(data) ? Buffer.from(data, 'base64') : undefined
  if (bytes === undefined || bytes.length === 0) {
    const start = text.length > 40 ? `${text.slice(0, 37)}...` : text
    throw new RequestError(
      'bad-request',
      `${field}: expected an image as base64, got ${JSON.stringify(start)}`,
      field,
    )
  }
  return bytes
}
