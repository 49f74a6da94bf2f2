export { FirstRun, underWay } from './first-run.js'
export { ModelsPage } from './models-page.js'
export { canChatNow } from './usable.js'
