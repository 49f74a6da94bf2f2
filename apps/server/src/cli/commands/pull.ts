import type { Line } from '../client.js'
import type { CommandContext } from '../command-context.js'
import { Progress } from '../output/progress.js'

/** Gets a model, with a bar for each of its parts. @param quiet shows nothing of it. */
export async function pull(
  { client, out, json, around, interrupted }: CommandContext,
  model: string,
  { insecure = false, quiet = false }: { readonly insecure?: boolean; readonly quiet?: boolean },
): Promise<void> {
  const lines = client.lines('/api/pull', { model, insecure }, interrupted)
  if (quiet) for await (const _ of lines);
  else await showLines(lines, { out, json, progress: new Progress(around.stderr) })
}

/** Shows the lines of a pull or a create as they come; the last status stays. */
export async function showLines(
  lines: AsyncIterable<Line>,
  { out, json, progress }: Pick<CommandContext, 'out' | 'json'> & { readonly progress: Progress },
): Promise<void> {
  try {
    for await (const line of lines) {
      if (json) {
        out.write(`${JSON.stringify(line)}\n`)
        continue
      }
      const { status, digest, completed, total } = line
      const label = typeof status === 'string' ? status : ''
      progress.show(typeof digest === 'string' ? digest : label, {
        label,
        completed: typeof completed === 'number' ? completed : undefined,
        total: typeof total === 'number' ? total : undefined,
      })
    }
  } finally {
    progress.end()
  }
}
