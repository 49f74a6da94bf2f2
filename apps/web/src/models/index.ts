export { FirstRun, underWay } from './first-run.js'
export { ModelsPage } from './models-page.js'
export { recommend } from './recommend.js'
export { canChatNow, isUsable } from './usable.js'

export type { Recommendation } from './recommend.js'
