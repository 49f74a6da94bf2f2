/** Where the bytes of a GGUF file are, or why the text names none. */
export type GgufAddress =
  | { readonly ok: true; readonly url: string; readonly name: string }
  | { readonly ok: false; readonly why: string }

const HUB = /^(?:https?:\/\/)?(?:www\.)?(?:hf\.co|huggingface\.co)\/(.*)$/i

/** Whether a text is meant as an address, rather than as a name or a path. */
export function looksLikeAddress(text: string): boolean {
  return /^https?:\/\//i.test(text) || HUB.test(text)
}

/**
 * The address of a GGUF file as people have it: its own, or that of its page at Hugging Face
 * (`hf.co/USER/REPO/FILE.gguf`, `https://huggingface.co/USER/REPO/blob/main/FILE.gguf`).
 */
export function ggufAddress(text: string): GgufAddress {
  const typed = text.trim()
  const [, path] = HUB.exec(typed) ?? []
  if (path !== undefined) return atHub(typed, path)
  if (!/^https?:\/\/[^/\s]+\/\S+$/i.test(typed)) {
    return { ok: false, why: `expected an address such as https://models.example/tiny.gguf, got "${typed}"` }
  }
  return { ok: true, url: typed, name: nameOf(typed) }
}

function atHub(typed: string, path: string): GgufAddress {
  const [user = '', repository = '', ...rest] = path.replace(/[?#].*$/, '').split('/')
  const inRevision = rest[0] === 'blob' || rest[0] === 'resolve'
  const revision = inRevision ? (rest[1] ?? 'main') : 'main'
  const file = (inRevision ? rest.slice(2) : rest).join('/')
  if (user === '' || repository === '' || !/\.gguf$/i.test(file)) {
    return { ok: false, why: `expected a file, such as hf.co/USER/REPO/FILE.gguf, got "${typed}"` }
  }
  const url = `https://huggingface.co/${user}/${repository}/resolve/${revision}/${file}`
  return { ok: true, url, name: nameOf(file) }
}

/** `https://models.example/a/tiny.gguf?download=1` → `tiny` */
function nameOf(address: string): string {
  const path = address.replace(/[?#].*$/, '')
  return (path.split('/').at(-1) ?? path).replace(/(-\d{5}-of-\d{5})?\.gguf$/i, '')
}
