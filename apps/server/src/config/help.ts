import { SETTINGS } from './read-config.js'

/** What `--help` prints, from the same table that is parsed. */
export function helpText(): string {
  const rows = [
    ...SETTINGS.map(({ flag, value, help, env }) => ({
      left: `--${flag}${value === undefined ? '' : ` <${value}>`}`,
      help,
      env: env.join(', '),
    })),
    {
      left: '--config <file>',
      help: 'a JSON file of settings, by their names in camelCase',
      env: 'BERTH_CONFIG',
    },
    { left: '--version', help: 'print the version', env: '' },
    { left: '--help', help: 'print this', env: '' },
  ]
  const width = Math.max(...rows.map(({ left }) => left.length)) + 2
  const lines = rows.flatMap(({ left, help, env }) => [
    `  ${left.padEnd(width)}${help}`,
    ...(env === '' ? [] : [`  ${''.padEnd(width)}${env}`]),
  ])
  return [
    'Berth serves local language models over the APIs of Ollama and OpenAI.',
    '',
    'Each setting can be given as a flag, as an environment variable (named below it), or in a file;',
    'a flag is stronger than a variable, a variable stronger than the file.',
    '',
    ...lines,
    '',
  ].join('\n')
}
