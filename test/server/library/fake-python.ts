import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { temporaryFolder } from '../../temporary-folder.js'

/** A program in Python's place whose "pip download" puts this wheel where it is told to, or fails. */
export async function fakePython(pip: { readonly wheel: Buffer } | { readonly failure: string }) {
  const folder = await temporaryFolder()
  const python = join(folder, 'python')
  let act: string
  if ('wheel' in pip) {
    await writeFile(join(folder, 'source'), pip.wheel)
    act = `case "$*" in *download*) cp '${folder}/source' "$TMPDIR/package-1.0-py3-none-any.whl";; esac`
  } else {
    act = `echo 'WARNING: trouble' >&2; echo 'ERROR: ${pip.failure}' >&2; exit 1`
  }
  await writeFile(python, `#!/bin/sh\n${act}\n`)
  await chmod(python, 0o755)
  return { folder, python }
}
