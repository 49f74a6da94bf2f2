export { smollm2 } from './smollm2.js'
export { randomGguf, type RandomShape, type WeightType } from './random-gguf.js'
export { webLlmModel, whyNoWebModels, type WebModel } from './web-model.js'
export { randomBert } from './random-bert.js'
