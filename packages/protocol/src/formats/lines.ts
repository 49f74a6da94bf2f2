/**
 * The whole lines of a text that arrives in pieces, without their ends (`\n`, `\r\n`); a last line without an end counts.
 * @param limit most characters of a line. @throws RangeError for a longer one, before all of it is in memory.
 */
export async function* linesOf(
  chunks: AsyncIterable<string>,
  limit = Infinity,
): AsyncGenerator<string, void, void> {
  let rest = ''
  for await (const chunk of chunks) {
    rest += chunk
    let start = 0
    for (let end = rest.indexOf('\n'); end !== -1; end = rest.indexOf('\n', start)) {
      check(end - start, limit)
      yield withoutCarriageReturn(rest.slice(start, end))
      start = end + 1
    }
    rest = rest.slice(start)
    check(rest.length, limit)
  }
  if (rest !== '') yield withoutCarriageReturn(rest)
}

function check(length: number, limit: number): void {
  if (length > limit) throw new RangeError(`a line of more than ${limit} characters`)
}

const withoutCarriageReturn = (line: string): string => (line.endsWith('\r') ? line.slice(0, -1) : line)
