export { DESCRIPTION_FILE, LIBRARIES } from './description.js'
export { webModelsFolder } from './folder.js'
export { ggufRoutes } from './gguf-routes.js'
export { webModelRoutes } from './routes.js'
export { WebModels } from './web-models.js'

export type { WebModelDescription } from './description.js'
export type { ListedWebModel } from './routes.js'
