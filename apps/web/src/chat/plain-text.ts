/** Markdown without its signs, for whoever hears it: near enough for a few sentences, and never slow. */
export function plainText(markdown: string): string {
  return (
    markdown
      // A fence's lines; what is within stays.
      .replace(/^ {0,3}(`{3,}|~{3,}).*$/gm, '')
      .replace(/!?\[([^\]]*)\]\([^()\s]*(?:\s+"[^"]*")?\)/g, '$1')
      .replace(/^ {0,3}#{1,6}\s+/gm, '')
      .replace(/^ {0,3}(?:>\s?)+/gm, '')
      .replace(/^\s*(?:[-*+]|\d+[.)])\s+/gm, '')
      // A table's second line, a line across, and the bars between cells.
      .replace(/^[\s|:*_-]+$/gm, '')
      .replace(/ *\| */g, ' ')
      .replace(/(\*\*|__|~~)(?=\S)(.+?)\1/g, '$2')
      .replace(/(^|[\s(])([*_])(?=\S)([^*_\n]+)\2(?=$|[\s).,;:!?])/gm, '$1$3')
      .replace(/`([^`\n]*)`/g, '$1')
      .replace(/\s+/g, ' ')
      .trim()
  )
}
