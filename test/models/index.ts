export { smollm2 } from './smollm2.js'
export { randomGguf, type RandomShape, type WeightType } from './random-gguf.js'
export { webLlmModel, whyNoWebModels, type WebModel } from './web-model.js'
export { randomBert, type BertShape } from './random-bert.js'
