import type { OllamaTagsResponse } from '@berth/protocol'
import type { CommandContext } from '../command-context.js'
import { ago, fileSize } from '../output/words.js'

/** The models there are; with a text, those whose names begin with it. */
export async function list({ client, out, json }: CommandContext, prefix = ''): Promise<void> {
  const { models } = await client.json<OllamaTagsResponse>('GET', '/api/tags')
  const wanted = models.filter(({ name }) => name.toLowerCase().startsWith(prefix.toLowerCase()))
  if (json) return out.json(wanted)
  out.table([
    ['NAME', 'ID', 'SIZE', 'MODIFIED'],
    ...wanted.map(({ name, digest, size, modified_at }) => [
      name,
      digest.slice(0, 12),
      fileSize(size),
      ago(modified_at, Date.now()),
    ]),
  ])
  if (models.length === 0) out.note('There is no model yet: "berth pull smollm2:135m" gets a small one.')
}
