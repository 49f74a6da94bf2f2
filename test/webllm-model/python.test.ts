import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { Environment } from '../../tools/webllm-model/src/index.js'
import { whyNoWebModels } from '../models/index.js'

const FOLDER = fileURLToPath(new URL('python', import.meta.url))

it('the Python side passes its own tests', async (context) => {
  const why = await whyNoWebModels()
  if (why !== undefined) return context.skip(why)
  const environment = await Environment.prepare(() => {})
  const { code, output } = await environment.module('unittest', 'discover', '-s', FOLDER)
  expect(output).toMatch(/Ran [1-9]\d+ tests/)
  expect(code, output).toBe(0)
})
