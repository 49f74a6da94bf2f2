import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { randomGguf, smollm2 } from '../../models/index.js'
import { startBerth } from './berth-process.js'
import { pythonWith, whyNoPython } from './python-environment.js'

const SCRIPT = fileURLToPath(new URL('python_clients.py', import.meta.url))
const PACKAGES = ['ollama==0.6.3', 'openai==3.54.0']
const TOOLS_TEMPLATE =
  '{% for message in messages %}{{ message.role }}: {{ message.content }}\n{% endfor %}' +
  '{% if tools %}<tool_call>{{ tools | tojson }}{% endif %}assistant: '

it('the Python clients of Ollama and OpenAI get what they ask for', async (context) => {
  const why = await whyNoPython()
  if (why !== undefined) return context.skip(why)
  const python = await pythonWith(PACKAGES)
  await using berth = await startBerth({
    files: {
      'smollm2.gguf': await smollm2(),
      'caller.gguf': await randomGguf({ chatTemplate: TOOLS_TEMPLATE }),
    },
  })
  const { stdout } = await promisify(execFile)(python, [SCRIPT, berth.url])
  const shared = {
    chat: expect.stringContaining('Paris'),
    stream: expect.stringContaining('Paris'),
    structured: { unit: expect.stringMatching(/^(celsius|kelvin)$/) },
    vectors: [576, 576],
    models: ['caller:latest', 'smollm2:latest'],
    missing: 404,
  }
  expect(JSON.parse(stdout)).toEqual({
    ollama: { ...shared, tools_sent: true, shown: 'gguf' },
    openai: { ...shared, tool: ['tool_calls', 'heat'] },
  })
})
