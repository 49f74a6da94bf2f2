/**
 * A vector of length 1 in the same direction: engines give vectors as the model makes them. With
 * `dimensions` the first so many are kept before that, as models trained for it (Matryoshka) allow. A
 * vector of zeros stays one.
 */
export function normalised(vector: readonly number[], dimensions = 0): readonly number[] {
  const kept = dimensions > 0 && dimensions < vector.length ? vector.slice(0, dimensions) : vector
  const norm = Math.sqrt(kept.reduce((sum, x) => sum + x * x, 0))
  return norm === 0 ? kept : kept.map((x) => x / norm)
}

/** Little-endian 32-bit floats as base64, which is how OpenAI's clients ask for vectors. */
export function base64Floats(vector: readonly number[]): string {
  const bytes = Buffer.alloc(vector.length * 4)
  vector.forEach((value, index) => bytes.writeFloatLE(value, index * 4))
  return bytes.toString('base64')
}
