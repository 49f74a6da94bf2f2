// @ts-check
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, extname, join, resolve } from 'node:path'
import { orExplain, SetupError } from '../tools/fail.mjs'
import { ensureInstalled } from '../tools/install.mjs'
import { ROOT, WEB_DIST } from '../tools/paths.mjs'
import { runCommand } from '../tools/run-command.mjs'
import { buildServer, ensureBuilt } from './build.mjs'

/**
 * `npm run package [-- FOLDER]`: makes the npm package of the server and its command, berth-VERSION.tgz, in
 * the folder (the repository's own without one). It is put together aside, of fresh files alone, and may be
 * published from there.
 * @param {readonly string[]} args
 */
export async function run([folder = ROOT]) {
  await orExplain(async () => {
    await ensureInstalled()
    await ensureBuilt()
    const to = resolve(folder)
    mkdirSync(to, { recursive: true })
    const aside = join(ROOT, 'apps', 'server', '.cache', `package-${process.pid}`)
    try {
      await putTogether(aside)
      const { code, output } = await runCommand('npm', ['pack', aside, '--silent', '--pack-destination', to])
      if (code !== 0) throw new SetupError(`npm pack did not succeed:\n${output}`)
      const name = output.trim().split('\n').at(-1) ?? ''
      process.stdout.write(`${join(to, name)}\n`)
    } finally {
      rmSync(aside, { recursive: true, force: true })
    }
  })
}

/** @param {string} folder */
async function putTogether(folder) {
  await buildServer(join(folder, 'dist'))
  cpSync(WEB_DIST, join(folder, 'dist', 'page'), {
    recursive: true,
    filter: (path) => !['types', '.built-from'].includes(basename(path)) && extname(path) !== '.map',
  })
  cpSync(join(ROOT, 'README.md'), join(folder, 'README.md'))
  cpSync(join(ROOT, 'LICENSE'), join(folder, 'LICENSE'))
  /** @type {Record<string, unknown>} */
  const manifest = JSON.parse(readFileSync(join(ROOT, 'apps', 'server', 'package.json'), 'utf8'))
  // Our own packages are in the bundle; the workspace's is never to be published as it is.
  const { private: _private, devDependencies: _bundled, ...rest } = manifest
  const text = JSON.stringify({ ...rest, files: ['dist', '!dist/**/*.map'] }, null, 2)
  writeFileSync(join(folder, 'package.json'), `${text}\n`)
}
