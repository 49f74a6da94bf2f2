const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** Bytes as base64, as the wire formats carry images. */
export function base64(bytes: Uint8Array): string {
  let text = ''
  for (let i = 0; i < bytes.length; i += 3) {
    const [a = 0, b, c] = bytes.subarray(i, i + 3)
    const word = (a << 16) | ((b ?? 0) << 8) | (c ?? 0)
    text += LETTERS.charAt(word >> 18) + LETTERS.charAt((word >> 12) & 63)
    text += b === undefined ? '=' : LETTERS.charAt((word >> 6) & 63)
    text += c === undefined ? '=' : LETTERS.charAt(word & 63)
  }
  return text
}

/** What kind of image it is, by its first bytes; PNG where they say nothing. */
export function imageType(bytes: Uint8Array): string {
  const [a, b, c, d] = bytes
  if (a === 0xff && b === 0xd8) return 'image/jpeg'
  if (a === 0x47 && b === 0x49 && c === 0x46) return 'image/gif'
  // RIFF, which of all image formats only WebP uses.
  if (a === 0x52 && b === 0x49 && c === 0x46 && d === 0x46) return 'image/webp'
  return 'image/png'
}
