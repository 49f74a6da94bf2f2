/** What the command finds around it; tests and the shell give it. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  /** The user's home folder. */
  readonly home: string
  readonly version: string
  readonly stdin: NodeJS.ReadStream
  readonly stdout: NodeJS.WriteStream
  readonly stderr: NodeJS.WriteStream
  /** Becomes the server. @param args its flags. */
  readonly serve: (args: readonly string[]) => Promise<void>
}
