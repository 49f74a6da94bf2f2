export { createEngine } from './engine.js'
export { fitOf } from './fit.js'
export { LearnedFile } from './learned-file.js'
export { engineModels, servedModels } from './model-sources.js'
export { survey } from './survey.js'

export type { Engine } from './engine.js'
export type { Survey, SurveyedModel } from './survey.js'
