export { adminRoutes } from './admin.js'
export { anthropicRoutes } from './anthropic.js'
export { healthRoutes } from './health.js'
export { ollamaRoutes } from './ollama.js'
export { ollamaModelRoutes } from './ollama-models.js'
export { openAiRoutes } from './openai.js'
export { errorResponse } from './respond.js'

export type { RouteDeps } from './deps.js'
