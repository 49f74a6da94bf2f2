export { DEFAULT_SETTINGS, readSettings, writeSettings } from './settings.js'
export type { ServerSetting, Settings } from './settings.js'
