export { formatGoDuration, parseGoDuration, parseKeepAlive } from './formats/go-duration.js'
export { NDJSON_TYPE, ndjsonLine, ndjsonValues } from './formats/ndjson.js'
export { SSE_TYPE, sseComment, sseEvent, sseEvents } from './formats/sse.js'
export { OllamaOptions, unknownOptions } from './ollama/options.js'
export {
  OllamaChatRequest,
  OllamaEmbedRequest,
  OllamaEmbeddingsRequest,
  OllamaGenerateRequest,
  OllamaMessage,
  OllamaShowRequest,
  OllamaTool,
} from './ollama/requests.js'
export {
  OpenAiChatRequest,
  OpenAiCompletionRequest,
  OpenAiEmbeddingsRequest,
  OpenAiMessage,
} from './openai/requests.js'
export { explain } from './schemas/explain.js'
export { answerFormat, markersOf, PLAIN_ANSWER } from './text/answer-format.js'
export { AnswerReader } from './text/answer-reader.js'

export type { ServerSentEvent } from './formats/sse.js'
export type * from './ollama/responses.js'
export type * from './openai/responses.js'
export type { BadField } from './schemas/explain.js'
export type { AnswerFormat, ToolSyntax } from './text/answer-format.js'
export type { AnswerPart } from './text/answer-reader.js'
