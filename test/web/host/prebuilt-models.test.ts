import { readFile } from 'node:fs/promises'
import { prebuiltAppConfig } from '@mlc-ai/web-llm'
import { expect, it } from 'vitest'

const LIST = new URL('../../../apps/web/src/host/prebuilt-models.json', import.meta.url)

it('the list of WebLLM’s models is that of the version which is installed', async () => {
  // After an update of WebLLM: write JSON.stringify(prebuiltAppConfig.model_list) to the file, and format it.
  const kept: unknown = JSON.parse(await readFile(LIST, 'utf8'))
  expect(kept).toEqual(JSON.parse(JSON.stringify(prebuiltAppConfig.model_list)))
})
