/** A small random model: its folder and its library, as a lab's server is to serve them. */
export async function toyFiles(): Promise<Record<string, string>> {
  return { '/models/toy/resolve/main/': '/tmp/mlc/toy/', '/models/toy.wasm': '/tmp/mlc/toy.wasm' }
}
