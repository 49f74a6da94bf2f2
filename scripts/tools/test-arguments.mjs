// @ts-check

const NAME_FLAGS = new Set(['-t', '--testNamePattern'])

/**
 * What `npm test --` was given, for each of the two runners.
 * @param {readonly string[]} args folders, files, -t NAME; other flags are vitest's alone
 * @returns {{ vitest: readonly string[], playwright: readonly string[], byName: boolean }}
 */
export function readTestArguments(args) {
  /** @type {string[]} */
  const playwright = []
  let byName = false
  for (let i = 0; i < args.length; i++) {
    const [flag = '', value] = (args[i] ?? '').split(/=(.*)/s)
    if (NAME_FLAGS.has(flag)) {
      byName = true
      playwright.push('-g', value ?? args[++i] ?? '')
    } else if (!flag.startsWith('-')) {
      // Playwright takes its filters for patterns.
      playwright.push((args[i] ?? '').replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    }
  }
  return { vitest: args, playwright, byName }
}
