import { VitePWA } from 'vite-plugin-pwa'

/**
 * Up to this size a file is fetched when the page is installed; bigger ones, which are engines, when they are
 * first used. Bytes.
 */
const AT_ONCE = 600_000

/** Makes the manifest and the service worker (src/pwa/service-worker.ts). */
export const pwa = () =>
  VitePWA({
    strategies: 'injectManifest',
    srcDir: 'src/pwa',
    filename: 'service-worker.ts',
    // src/pwa registers it.
    injectRegister: false,
    // Among the files below.
    includeManifestIcons: false,
    manifest: {
      id: '/',
      name: 'Berth',
      short_name: 'Berth',
      description: 'Talk to language models that run on your own machines.',
      start_url: '/',
      scope: '/',
      display: 'standalone',
      background_color: '#f7f8f8',
      theme_color: '#f7f8f8',
      icons: [
        { src: '/icon.svg', type: 'image/svg+xml', sizes: 'any', purpose: 'any' },
        { src: '/icon-maskable.svg', type: 'image/svg+xml', sizes: 'any', purpose: 'maskable' },
      ],
    },
    injectManifest: {
      globPatterns: ['index.html', 'theme.js', '*.svg', 'assets/*.{js,mjs,css,wasm,svg}'],
      // Their names change with their content.
      dontCacheBustURLsMatching: /^assets\//,
      maximumFileSizeToCacheInBytes: 64_000_000,
      manifestTransforms: [
        (entries) => ({
          manifest: entries.map((entry) => ({
            ...entry,
            url: `/${entry.url}`,
            ...(entry.size > AT_ONCE ? { later: true } : {}),
          })),
        }),
      ],
    },
  })
