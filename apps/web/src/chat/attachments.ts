import type { ModelCard } from '../host/index.js'
import type { NewFile } from './open-chat.js'

/** The largest text that is worth attaching: beyond it no context takes it in. */
const LARGEST_TEXT = 2_000_000
const LARGEST_IMAGE = 20_000_000

const IMAGES = new Set(['image/png', 'image/jpeg', 'image/webp', 'image/gif'])

/** A file as it can be attached. Rejects with an Error that names it and says why it cannot be. */
export async function readAttachment(file: File, card: ModelCard | null): Promise<NewFile> {
  const base = { id: crypto.randomUUID(), name: file.name, type: file.type, bytes: file.size }
  if (file.type.startsWith('image/')) {
    const refusal = imageRefusal(file, card)
    if (refusal !== null) throw new Error(refusal)
    return { ...base, kind: 'image', content: new Uint8Array(await file.arrayBuffer()) }
  }
  if (file.size > LARGEST_TEXT)
    throw new Error(
      `${file.name} was not attached: it has ${file.size.toLocaleString()} bytes, and no more than ${LARGEST_TEXT.toLocaleString()} can be read.`,
    )
  const text = textOf(new Uint8Array(await file.arrayBuffer()))
  if (text === null) throw new Error(`${file.name} was not attached: it is not a text file.`)
  return { ...base, kind: 'text', content: text }
}

/** Why an image cannot be attached; null where it can. */
export function imageRefusal(
  file: { readonly name: string; readonly type: string; readonly size: number },
  card: ModelCard | null,
): string | null {
  if (card === null) return `${file.name} was not attached: choose a model that can see images first.`
  if (!card.capabilities.includes('vision'))
    return `${file.name} was not attached: ${card.name} cannot see images.`
  if (!IMAGES.has(file.type))
    return `${file.name} was not attached: images can be PNG, JPEG, WebP or GIF, not ${file.type}.`
  if (file.size > LARGEST_IMAGE)
    return `${file.name} was not attached: images may have up to ${LARGEST_IMAGE.toLocaleString()} bytes.`
  return null
}

/** Bytes as text, where they are text: UTF-8, or UTF-16 with its mark; null otherwise. */
export function textOf(bytes: Uint8Array): string | null {
  const utf16 =
    bytes[0] === 0xff && bytes[1] === 0xfe
      ? 'utf-16le'
      : bytes[0] === 0xfe && bytes[1] === 0xff
        ? 'utf-16be'
        : null
  try {
    const text = new TextDecoder(utf16 ?? 'utf-8', { fatal: true }).decode(bytes)
    return text.includes('\0') ? null : text
  } catch {
    return null
  }
}
