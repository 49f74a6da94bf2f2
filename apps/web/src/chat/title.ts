const LONGEST = 60

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
  const characters = [...plain]
  if (characters.length <= LONGEST) return plain
  const cut = characters.slice(0, LONGEST).join('')
  const space = cut.lastIndexOf(' ')
  return `${(space > LONGEST / 2 ? cut.slice(0, space) : cut).replace(/[\s,;:.–—-]+$/, '')}…`
}
