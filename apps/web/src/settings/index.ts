export { ServerDialog } from './server-dialog.js'
export { ServerList } from './server-list.js'
export { SettingsPage } from './settings-page.js'
