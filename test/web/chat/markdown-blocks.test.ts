import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BlockSplitter } from '../../../apps/web/src/chat/markdown/blocks.js'
import { blockHtml, isDataImage, languageOf } from '../../../apps/web/src/chat/markdown/to-html.js'

const SAMPLE = `# Title

A paragraph with **bold**
over two lines.

- one
- two

  still two

1. first

2. second

\`\`\`js
let a = 1

let b = 2
\`\`\`

| a | b |
|---|---|
| 1 | 2 |

> quoted

Euler: $e^{i\\pi} + 1 = 0$, and

$$
\\int_a^b x \\, dx
$$

### Deeper
The end.`

const html = (text: string) =>
  new BlockSplitter()
    .push(text, true)
    .map((block) => blockHtml(block))
    .join('')

/** Text in parts of these lengths, over and over. */
function* partsOf(text: string, lengths: readonly number[]): Generator<string> {
  let end = 0
  for (let index = 0; end < text.length; index += 1) {
    end += lengths[index % lengths.length] ?? 1
    yield text.slice(0, end)
  }
}

describe('Markdown that grows', () => {
  test('is the same in the end as the whole text at once, however it came', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 20 }), (lengths) => {
        const splitter = new BlockSplitter()
        for (const part of partsOf(SAMPLE, lengths)) splitter.push(part, false)
        const grown = splitter.push(SAMPLE, true).map((block) => blockHtml(block))
        expect(grown.join('')).toBe(html(SAMPLE))
      }),
    )
  })

  test('keeps a finished block the same object, so that it is not rendered again', () => {
    const splitter = new BlockSplitter()
    const seen = new Map<number, Set<unknown>>()
    for (const part of partsOf(SAMPLE, [3]))
      for (const block of splitter.push(part, false)) {
        if (!block.done) continue
        const objects = seen.get(block.key) ?? new Set()
        seen.set(block.key, objects.add(block))
      }
    expect(seen.size).toBeGreaterThan(4)
    for (const objects of seen.values()) expect(objects.size).toBe(1)
  })

  test('keeps blocks open that what follows may still change', () => {
    const splitter = new BlockSplitter()
    const [list] = splitter.push('- one\n\n', false)
    expect(list?.done).toBe(false)
    const blocks = splitter.push('- one\n\n- two\n\nAfter\n\nthat', false)
    expect(blocks.map((block) => [block.token.type, block.done])).toEqual([
      ['list', true],
      ['paragraph', false],
      ['paragraph', false],
    ])
  })

  test('begins anew when the text is another', () => {
    const splitter = new BlockSplitter()
    splitter.push('One\n\nTwo\n\nThree', false)
    expect(splitter.push('Else', true).map((block) => block.raw)).toEqual(['Else'])
  })

  test('goes on with a block that was taken for the last', () => {
    const splitter = new BlockSplitter()
    splitter.push('One', true)
    splitter.push('One', false)
    expect(splitter.push('One, two', false).map((block) => block.raw)).toEqual(['One, two'])
  })

  test('finds addresses that were given in a block that is finished', () => {
    const splitter = new BlockSplitter()
    splitter.push('[here]: https://example.org\n\nA\n\nB\n\nC', false)
    const blocks = splitter.push('[here]: https://example.org\n\nA\n\nB\n\nC [x][here]', true)
    expect(blocks.map((block) => blockHtml(block)).join('')).toContain('href="https://example.org"')
  })

  test('shows what is nested too deep as it stands', () => {
    for (const depth of [1_000, 4_000, 12_000]) expect(html(`${'> '.repeat(depth)}deep`)).toContain('deep')
  })
})

describe('HTML of a block', () => {
  test('has no HTML of the model’s, but for line breaks', () => {
    expect(html('<script>alert(1)</script>')).not.toContain('<script')
    expect(html('a <img src=x onerror=alert(1)> b')).not.toContain('<img')
    expect(html('a<br>b')).toContain('<br>')
  })

  test('has pictures only where the address is the picture', () => {
    expect(html('![x](https://example.org/a.png)')).toContain(
      '<a href="https://example.org/a.png">Image: x</a>',
    )
    expect(html('![x](data:image/png;base64,AAAA)')).toContain(
      '<img src="data:image/png;base64,AAAA" alt="x">',
    )
    expect(isDataImage('data:image/svg+xml;base64,AAAA')).toBe(false)
  })

  test('has headings that begin below the page’s own and never skip a level', () => {
    expect(html('### a\n\n###### b\n\n# c')).toMatch(
      /<h3 class="md-h3">a.*<h4 class="md-h6">b.*<h3 class="md-h1">c/s,
    )
  })

  test('names a fence’s language by its first word', () => {
    expect(languageOf('JS title="x"')).toBe('js')
    expect(languageOf('c++')).toBe('c++')
    expect(languageOf(undefined)).toBe('')
  })
})

describe('formulas', () => {
  test.each([
    ['$E = mc^2$', 'E = mc^2'],
    ['so \\(a_1 * b_2 * c\\) it is', 'a_1 * b_2 * c'],
    ['$$\n\\frac{1}{2} \\, x\n$$', '\\frac{1}{2} \\, x'],
    ['As follows:\n\\[ x_{1,2} = \\sqrt{b^2} \\]\nfor all of them', 'x_{1,2} = \\sqrt{b^2}'],
    ['$a < b$', 'a &lt; b'],
  ])('%s keep their own signs', (text, tex) => {
    expect(html(text)).toContain(`<code class="md-tex">${tex}</code>`)
  })

  test.each(['It is $5 and $10.', 'US$5-$10', 'from `$HOME` to `$PATH`', 'echo $HOME `a$b`', '$ 5 $', '$$'])(
    '%s is none',
    (text) => expect(html(text)).not.toContain('md-tex'),
  )
})

test('an item of a list of tasks has a box in the place of its bullet', () => {
  expect(html('- [x] done\n- other')).toMatch(/<li class="md-task">.*☑ .*done<\/li><li>other<\/li>/s)
})
