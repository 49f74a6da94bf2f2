import { parseGoTemplate, renderGoChat } from '@berth/protocol'
import type { Message, Tool } from '@berth/scheduler'
import { describe, expect, it } from 'vitest'

const today = { now: Date.UTC(2026, 2, 1) }

interface Chat {
  readonly tools?: readonly Tool[]
  readonly think?: boolean | string
  readonly suffix?: string
}

const render = (source: string, messages: readonly Message[], { tools = [], ...rest }: Chat = {}) =>
  renderGoChat(parseGoTemplate(source), { messages, tools, ...rest }, today)

const talk: readonly Message[] = [
  { role: 'system', content: 'Be brief.' },
  { role: 'user', content: 'Hi' },
  { role: 'assistant', content: 'Hello.' },
  { role: 'user', content: 'Bye' },
]

const heat: Tool = {
  name: 'heat',
  description: 'How warm it is',
  parameters: {
    type: 'object',
    properties: { unit: { type: 'string', enum: ['c', 'k'] } },
    required: ['unit'],
  },
}

const called: readonly Message[] = [
  { role: 'user', content: 'How warm?' },
  {
    role: 'assistant',
    content: '',
    toolCalls: [{ id: 'c1', name: 'heat', arguments: { unit: 'c' } }],
  },
  { role: 'tool', content: '20', toolName: 'heat', toolCallId: 'c1' },
]

// The shapes of templates that people have pulled, in words of our own.
const CHATML = `{{- range .Messages }}<|im_start|>{{ .Role }}
{{ .Content }}<|im_end|>
{{ end }}<|im_start|>assistant
`

const INST =
  '[INST] {{ if .System }}<<SYS>>{{ .System }}<</SYS>>\n\n{{ end }}{{ .Prompt }} [/INST] {{ .Response }}</s>'

const LAST_TURN = `{{- $last := -1 }}
{{- range $i, $_ := .Messages }}{{ if eq .Role "user" }}{{ $last = $i }}{{ end }}{{ end }}
{{- range $i, $_ := .Messages }}
{{- if eq .Role "user" }}<user>{{ if eq $i $last }}!{{ end }}{{ .Content }}
{{- else if eq .Role "assistant" }}<bot>
{{- if and $.IsThinkSet .Thinking (gt $i $last) }}<think>{{ .Thinking }}</think>{{ end }}{{ .Content }}
{{- range .ToolCalls }}<call>{"name": "{{ .Function.Name }}", "arguments": {{ .Function.Arguments }}}</call>{{ end }}
{{- else if eq .Role "tool" }}<result>{{ .Content }}</result>
{{- end }}
{{- if and (ne .Role "assistant") (eq (len (slice $.Messages $i)) 1) }}<bot>{{ if and $.IsThinkSet (not $.Think) }}<think></think>{{ end }}{{ end }}
{{- end }}`

const TOOLS = `{{- if or .System .Tools }}<system>{{ .System }}
{{- if .Tools }} Tools:{{ range .Tools }}
{"type": "function", "function": {{ .Function }}}{{ end }}{{ end }}</system>
{{- end }}`

describe('a chat by a template of Ollama’s', () => {
  it('that knows messages gets all of them', () => {
    expect(render(CHATML, talk)).toBe(
      '<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nHello.<|im_end|>\n<|im_start|>user\nBye<|im_end|>\n<|im_start|>assistant\n',
    )
  })

  it('that knows a prompt and a response is filled for every turn, up to the last response', () => {
    expect(render(INST, talk)).toBe(
      '[INST] <<SYS>>Be brief.<</SYS>>\n\nHi [/INST] Hello.</s>[INST] Bye [/INST] ',
    )
  })

  it('that has no place for the answer has it at its end', () => {
    expect(render('{{ .System }}|{{ .Prompt }}|', talk)).toBe('Be brief.|Hi|Hello.|Bye|')
  })

  it('has neighbours of one role as one message', () => {
    const twice: Message[] = [
      { role: 'user', content: 'a' },
      { role: 'user', content: 'b' },
    ]
    expect(render('{{ range .Messages }}<{{ .Content }}>{{ end }}', twice)).toBe('<a\n\nb>')
  })

  it('has calls of tools, their results, and what is to come', () => {
    expect(render(LAST_TURN, called)).toBe(
      '<user>!How warm?<bot><call>{"name": "heat", "arguments": {"unit":"c"}}</call><result>20</result><bot>',
    )
  })

  it('is told whether to think, and has thoughts of this turn alone', () => {
    expect(render(LAST_TURN, talk.slice(1), { think: false })).toBe(
      '<user>Hi<bot>Hello.<user>!Bye<bot><think></think>',
    )
    const thought: Message[] = [
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: 'Hm', thinking: 'x' },
    ]
    expect(render(LAST_TURN, thought, { think: true })).toBe('<user>!Hi<bot><think>x</think>Hm')
    expect(
      render('{{ range .Messages }}{{ end }}{{ .Think }} {{ .ThinkLevel }}', talk, { think: 'high' }),
    ).toBe('true high')
  })

  it('has tools as JSON', () => {
    expect(render(`${TOOLS}{{ range .Messages }}{{ end }}`, talk.slice(1), { tools: [heat] })).toBe(
      '<system> Tools:\n{"type": "function", "function": {"name":"heat","description":"How warm it is","parameters":{"type":"object","properties":{"unit":{"type":"string","enum":["c","k"]}},"required":["unit"]}}}</system>',
    )
    expect(render('{{ range .Messages }}{{ end }}{{ json .Tools }}', talk, { tools: [heat] })).toContain(
      '[{"type":"function"',
    )
    expect(render('{{ range .Messages }}{{ end }}{{ .Tools }}', talk, { tools: [heat] })).toContain(
      '"name":"heat"',
    )
  })

  it('has the types of a tool’s properties, as TypeScript and by their names', () => {
    const source =
      '{{ range .Messages }}{{ end }}{{ range .Tools }}{{ range $n, $p := .Function.Parameters.Properties }}{{ $n }}: {{ toTypeScriptType $p }} {{ $p.Type }} {{ $p.ToTypeScriptType }}{{ end }}{{ end }}'
    expect(render(source, talk, { tools: [heat] })).toBe('unit: "c" | "k" string "c" | "k"')
  })

  it('has the place of a suffix', () => {
    const source =
      '{{ if .Suffix }}<pre>{{ .Prompt }}<suf>{{ .Suffix }}<mid>{{ else }}{{ .Prompt }}{{ end }}{{ range .Messages }}{{ end }}'
    expect(render(source, [{ role: 'user', content: 'a' }], { suffix: 'b' })).toBe('<pre>a<suf>b<mid>')
  })
})
