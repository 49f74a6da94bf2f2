import { describe, expect, it } from 'vitest'
import { plainText } from '../../../apps/web/src/chat/plain-text.js'

describe('an answer that is said', () => {
  it.each([
    ['**Paris** is the *capital* of __France__.', 'Paris is the capital of France.'],
    ['# Title\n\n- one\n- `two`\n1. three', 'Title one two three'],
    ['See [the page](https://example.org "a") and ![a cat](cat.png).', 'See the page and a cat.'],
    ['> quoted\n> > twice', 'quoted twice'],
    ['```js\nconst a = b\n```\nDone', 'const a = b Done'],
    ['| a | b |\n| --- | :-: |\n| 1 | 2 |', 'a b 1 2'],
    ['2 * 3 * 4 and snake_case_name and a-b', '2 * 3 * 4 and snake_case_name and a-b'],
    ['', ''],
  ])('%j is %j', (markdown, said) => {
    expect(plainText(markdown)).toBe(said)
  })
})
