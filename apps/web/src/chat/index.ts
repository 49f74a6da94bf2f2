export { ChatPage } from './view/chat-page.js'
export { ConversationList } from './view/conversation-list.js'
export { ExportConversations } from './view/export-conversations.js'
export { chooseForNewChat } from './new-chat.js'
