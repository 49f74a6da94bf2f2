import type { ModelId } from '@berth/scheduler'
import type { HostClient } from '../host/index.js'
import { chatsOf } from './chats.js'

/** Has the next new chat answered by this model. */
export async function chooseForNewChat(host: HostClient, model: ModelId): Promise<void> {
  await chatsOf(host).chat(null).change({ model })
}
