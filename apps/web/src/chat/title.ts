const LONGEST = 60

/** The first so many characters as people count them: none is cut in two. */
export function firstCharacters(text: string, count: number): string {
  let end = 0
  let counted = 0
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    if (counted === count) break
    end += segment.length
    counted += 1
  }
  return text.slice(0, end)
}

/** A conversation's title from its first message: its first line of words, cut at a word. */
export function titleFrom(text: string, files: readonly { readonly name: string }[] = []): string {
  const plain = text
    .replaceAll(/```[^\n]*\n?/g, ' ')
    .split('\n')
    .map((line) =>
      line
        .replace(/^[#>*\-\s]+/, '')
        .replaceAll(/[`*_]+/g, '')
        .replaceAll(/\s+/g, ' ')
        .trim(),
    )
    .find((line) => /[\p{L}\p{N}]/u.test(line))
  if (plain === undefined) return files[0]?.name ?? 'New conversation'
  const cut = firstCharacters(plain, LONGEST)
  if (cut === plain) return plain
  const space = cut.lastIndexOf(' ')
  return `${(space > LONGEST / 2 ? cut.slice(0, space) : cut).replace(/[\s,;:.–—-]+$/, '')}…`
}
