/** The part of a BroadcastChannel that tabs and the host need. */
export interface Channel<In, Out> {
  post(message: Out): void
  close(): void
  /** Set at opening. */
  readonly listener: (message: In) => void
}

/** Opens a channel by name; what it hears is as it was sent, unchecked. */
export function openChannel<In, Out>(name: string, listener: (message: In) => void): Channel<In, Out> {
  const channel = new BroadcastChannel(name)
  channel.addEventListener('message', ({ data }: MessageEvent<In>) => listener(data))
  return {
    listener,
    post: (message) => channel.postMessage(message),
    close: () => channel.close(),
  }
}

/** A name that nobody else has. `crypto.randomUUID` is for secure contexts only; this is not. */
export function uniqueName(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('')
}
