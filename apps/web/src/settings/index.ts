export { OwnServerNotice } from './own-server-notice.js'
export { ServerDialog } from './server-dialog.js'
export { ServerList } from './server-list.js'
export { SettingsPage } from './later.js'
