import { fileURLToPath } from 'node:url'
import { defaultClientConditions, defineConfig } from 'vite'
import { finish } from './build/finish.js'
import { isolate } from './build/page-headers.js'
import { pwa } from './build/pwa.js'

/** The server that the development server asks for everything that is not of the page. */
const server = process.env['BERTH_URL'] ?? 'http://127.0.0.1:11434'

/** Its modules only define things, and do not say so; of all its lists of models and snippets one table is used. */
const treeshake = { moduleSideEffects: [{ test: /@huggingface\/tasks/, sideEffects: false }] }

/** Builds the page and its workers; the packages from their sources. */
export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  resolve: { conditions: ['berth-source', ...defaultClientConditions] },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  worker: { format: 'es', rolldownOptions: { treeshake } },
  plugins: [isolate(), pwa(), finish()],
  server: {
    proxy: {
      // As if the page came from it: its own origin is always let in.
      '^/(api|v1|web-models)/': { target: server, changeOrigin: true, headers: { origin: server } },
    },
  },
  build: {
    target: 'es2022',
    // Browsers that have WebGPU know light-dark(); older ones show one of the two.
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    outDir: 'dist',
    sourcemap: true,
    rolldownOptions: { treeshake },
  },
})
