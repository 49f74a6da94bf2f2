export { DEFAULT_SETTINGS, readSettings, writeSettings } from './settings.js'
export type { ServerSetting, Settings } from './settings.js'
export type { WeightFile } from './weight-file.js'
