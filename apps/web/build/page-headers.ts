import type { Plugin } from 'vite'

/** What the page may load and do. */
const POLICY = {
  'default-src': "'none'",
  // Engines are WebAssembly; nothing else that is not a file of ours is run.
  'script-src': "'self' 'wasm-unsafe-eval'",
  'worker-src': "'self' blob:",
  'style-src': "'self'",
  'img-src': "'self' data: blob:",
  'font-src': "'self'",
  'manifest-src': "'self'",
  // Users add servers and models by their addresses.
  'connect-src': "'self' https: http:",
  'object-src': "'none'",
  'base-uri': "'none'",
  'frame-ancestors': "'none'",
  'form-action': "'none'",
}

/** Nothing that the page does not use. */
const PERMISSIONS = [
  'accelerometer',
  'autoplay',
  'camera',
  'display-capture',
  'encrypted-media',
  'fullscreen',
  'geolocation',
  'gyroscope',
  'hid',
  'magnetometer',
  'microphone',
  'midi',
  'payment',
  'publickey-credentials-get',
  'screen-wake-lock',
  'serial',
  'usb',
  'xr-spatial-tracking',
]

/** What every file of the page is sent with. Opener and embedder policies isolate it, without which there are no threads. */
export function pageHeaders(policy: Readonly<Record<string, string>> = POLICY): Record<string, string> {
  return {
    'Content-Security-Policy': Object.entries(policy)
      .map(([name, value]) => `${name} ${value}`)
      .join('; '),
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Embedder-Policy': 'require-corp',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Permissions-Policy': PERMISSIONS.map((name) => `${name}=()`).join(', '),
  }
}

/** The same for the development server, which brings styles as inline elements and its news by a WebSocket. */
function developmentHeaders(): Record<string, string> {
  return pageHeaders({
    ...POLICY,
    'style-src': "'self' 'unsafe-inline'",
    'connect-src': `${POLICY['connect-src']} ws: wss:`,
  })
}

/** Sends the headers where vite serves the page; `writeHeaders` leaves them beside a build for who serves that. */
export function isolate(): Plugin {
  return {
    name: 'berth:isolate',
    config: () => ({ server: { headers: developmentHeaders() }, preview: { headers: pageHeaders() } }),
  }
}
