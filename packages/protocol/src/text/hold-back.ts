/** Length of the longest tail of a text that one of the marks begins with, whole ones aside. */
export function tailThatBegins(text: string, marks: readonly string[]): number {
  let longest = 0
  for (const mark of marks) {
    for (let length = Math.min(mark.length - 1, text.length); length > longest; length -= 1) {
      if (mark.startsWith(text.slice(text.length - length))) {
        longest = length
        break
      }
    }
  }
  return longest
}
