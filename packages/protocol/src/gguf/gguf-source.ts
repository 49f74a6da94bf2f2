/** Bytes that are read by ranges, wherever they are. */
export interface GgufSource {
  /** In how many bytes it ends; undefined where nobody says. */
  readonly size: number | undefined
  /** The bytes from `start` to before `end`, or fewer where it ends sooner. */
  read(start: number, end: number): Promise<Uint8Array<ArrayBuffer>>
}
