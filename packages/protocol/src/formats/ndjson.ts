import { linesOf } from './lines.js'

export const NDJSON_TYPE = 'application/x-ndjson'

/** One value as one line. */
export function ndjsonLine(value: unknown): string {
  return `${JSON.stringify(value)}\n`
}

/**
 * The values of an NDJSON text that arrives in pieces; empty lines are passed over.
 * @throws SyntaxError on a line that is no JSON.
 */
export async function* ndjsonValues(chunks: AsyncIterable<string>): AsyncGenerator<unknown, void, void> {
  for await (const line of linesOf(chunks)) {
    if (line.trim() !== '') yield JSON.parse(line)
  }
}
