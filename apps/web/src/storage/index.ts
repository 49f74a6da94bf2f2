export { DEFAULT_SETTINGS, readSettings, writeSettings } from './settings.js'
export type { ServerSetting, Settings } from './settings.js'
export type { WeightFile } from './weight-file.js'
export { ConversationStore } from './conversations.js'
export type { AttachmentContent, ConversationChange, SearchHit } from './conversations.js'
export { fromJson, toJson } from './conversations-json.js'
export type { WholeConversation } from './conversations-json.js'
export { fromMarkdown, toMarkdown } from './conversations-markdown.js'
export { PLAIN_SETTINGS } from './conversations-types.js'
export type {
  AnswerFigures,
  AnswerRecord,
  Attachment,
  ChatMessage,
  Conversation,
  ConversationSettings,
  Preset,
  Problem,
} from './conversations-types.js'
export { readStorage } from './storage-view.js'
