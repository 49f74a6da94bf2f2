/** The metadata cannot be a model's: the message names the key or tensor, what it says and what would be right. */
export class ProfileError extends Error {
  override readonly name = 'ProfileError'
}
