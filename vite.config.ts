import { fileURLToPath } from 'node:url'
import { defaultServerConditions, defineConfig } from 'vite'

const server = fileURLToPath(new URL('apps/server/', import.meta.url))
const conditions = ['berth-source', ...defaultServerConditions]

// Builds the server: its own code and the @berth packages bundled from source, npm's packages left where they are.
export default defineConfig({
  root: server,
  resolve: { conditions },
  ssr: { resolve: { conditions }, noExternal: [/^@berth\//] },
  build: {
    ssr: true,
    target: 'node20.19',
    outDir: 'dist',
    // dist/types is the type checker's.
    emptyOutDir: false,
    minify: false,
    sourcemap: true,
    rolldownOptions: {
      input: {
        main: `${server}src/main.ts`,
        berth: `${server}src/berth.ts`,
        'llama-child': `${server}src/llama/child/main.ts`,
      },
      output: { entryFileNames: '[name].js', chunkFileNames: 'chunk-[name].js' },
    },
  },
})
