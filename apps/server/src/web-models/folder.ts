import { dirname, join, resolve } from 'node:path'

/** Where models for browsers are: what the user says (`BERTH_WEB_MODELS`), else beside the model store. */
export function webModelsFolder(named: string | undefined, store: string): string {
  return resolve(named ?? join(dirname(store), 'web-models'))
}
