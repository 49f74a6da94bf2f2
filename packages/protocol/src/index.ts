export { AnthropicCountRequest, AnthropicMessage, AnthropicMessagesRequest } from './anthropic/requests.js'
export { copyableSettings } from './berth/load-settings.js'
export { formatGoDuration, parseGoDuration, parseKeepAlive } from './formats/go-duration.js'
export { NDJSON_TYPE, ndjsonLine, ndjsonValues } from './formats/ndjson.js'
export { SSE_TYPE, sseComment, sseEvent, sseEvents } from './formats/sse.js'
export { ggufAddress, looksLikeAddress } from './gguf/gguf-address.js'
export { httpSource } from './gguf/http-source.js'
export { readGguf } from './gguf/read-gguf.js'
export {
  OllamaCopyRequest,
  OllamaCreateRequest,
  OllamaDeleteRequest,
  OllamaPullRequest,
} from './ollama/library-requests.js'
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
export { remoteAddress } from './remote/address.js'
export { RemoteBackend } from './remote/remote-backend.js'
export { OpenAiResponseRequest } from './openai/response-requests.js'
export { explain } from './schemas/explain.js'
export { answerFormat, markersOf, PLAIN_ANSWER } from './text/answer-format.js'
export { AnswerReader } from './text/answer-reader.js'
export { renderChat } from './text/chat-template.js'
export { forcedCall } from './text/forced-call.js'
export { grammarSchema } from './text/grammar-schema.js'
export { StopStrings } from './text/stop-strings.js'

export type { AnthropicBlock } from './anthropic/requests.js'
export type * from './anthropic/responses.js'
export type * from './berth/responses.js'
export { executeGoTemplate } from './text/go-template/execute.js'
export { GoTemplateError } from './text/go-template/nodes.js'
export { parseGoTemplate } from './text/go-template/parse.js'
export { renderGoChat } from './text/go-template/render-chat.js'

export type { ServerSentEvent } from './formats/sse.js'
export type { GgufSource } from './gguf/gguf-source.js'
export type { GgufHead } from './gguf/read-gguf.js'
export type * from './ollama/responses.js'
export type { OpenAiResponseItem } from './openai/response-requests.js'
export type * from './openai/response-answers.js'
export type * from './openai/responses.js'
export type { RemoteKind } from './remote/dialects.js'
export type { RemoteState } from './remote/health.js'
export type { FetchLike } from './remote/platform.js'
export type { RemoteOptions } from './remote/remote-backend.js'
export type { RemoteModel } from './remote/remote-model.js'
export type { RemoteTimeouts } from './remote/remote-run.js'
export type { BadField } from './schemas/explain.js'
export type { AnswerFormat, ToolSyntax } from './text/answer-format.js'
export type { AnswerPart } from './text/answer-reader.js'
export type { ChatFormat, ChatPrompt, RenderedChat } from './text/chat-template.js'
export type { ForcedCall } from './text/forced-call.js'
export type { Released } from './text/stop-strings.js'
