import type * as Transfer from '../transfer.js'

const load = (): Promise<typeof Transfer> => import('../transfer.js')

/** What takes conversations out and in, which comes when it is first asked for. */
export const transfer = {
  exportJson: async (...given: Parameters<typeof Transfer.exportJson>) =>
    await (await load()).exportJson(...given),
  exportMarkdown: async (...given: Parameters<typeof Transfer.exportMarkdown>) =>
    await (await load()).exportMarkdown(...given),
  importFiles: async (...given: Parameters<typeof Transfer.importFiles>) =>
    await (await load()).importFiles(...given),
}
