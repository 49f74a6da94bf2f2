import { readFileSync } from 'node:fs'
import { readConfig, type Config } from '../config/index.js'
import { ModelStore, storeFolders } from '../models/index.js'
import { CliError } from './cli-error.js'

/**
 * The settings that a server would start with here.
 * @throws CliError for settings that make no sense: a server would not start with them.
 */
export function localConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const read = readConfig({ args: [], env, readFile: (path) => readFileSync(path, 'utf8') })
  if (read.kind === 'config') return read.config
  throw new CliError(read.kind === 'errors' ? read.errors.join('\n') : 'the settings cannot be read')
}

/** The models of this machine, as its server would find them. */
export function localStore(config: Config, report: (problem: string) => void): ModelStore {
  const folders = storeFolders({
    own: config.models,
    ollama: config.ollamaModels,
    gguf: config.ggufFolders,
  })
  return new ModelStore(folders, report)
}
