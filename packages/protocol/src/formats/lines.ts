/** The whole lines of a text that arrives in pieces, without their ends (`\n`, `\r\n`); a last line without an end counts. */
export async function* linesOf(chunks: AsyncIterable<string>): AsyncGenerator<string, void, void> {
  let rest = ''
  for await (const chunk of chunks) {
    rest += chunk
    let start = 0
    for (let end = rest.indexOf('\n'); end !== -1; end = rest.indexOf('\n', start)) {
      yield withoutCarriageReturn(rest.slice(start, end))
      start = end + 1
    }
    rest = rest.slice(start)
  }
  if (rest !== '') yield withoutCarriageReturn(rest)
}

const withoutCarriageReturn = (line: string): string => (line.endsWith('\r') ? line.slice(0, -1) : line)
