export { smollm2 } from './smollm2.js'
export { randomGguf, type RandomShape, type WeightType } from './random-gguf.js'
export { webLlmModel, webModelsRoot, whyNoWebModels, type WebModel, type WebModelWish } from './web-model.js'
