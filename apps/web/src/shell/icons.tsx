import './icons.css'

/** Drawn for a box of 24 by 24, in strokes of 1.75. */
const PATHS = {
  chat: 'M4.5 18.5V7a2.5 2.5 0 0 1 2.5-2.5h10A2.5 2.5 0 0 1 19.5 7v6.500a2.5 2.5 0 0 1-2.5 2.500H8z',
  plus: 'M12 5v14M5 12h14',
  minus: 'M5 12h14',
  compose:
    'M12 5H7a2.5 2.5 0 0 0-2.5 2.500v9.500A2.5 2.5 0 0 0 7 19.500h9.500A2.5 2.5 0 0 0 19 17v-5M10 14l.6-3 8-8 2.4 2.4-8 8z',
  box: 'M12 3.5 19.5 7.500v9L12 20.5 4.5 16.500v-9zM4.5 7.5 12 11.500l7.5-4M12 11.500v9',
  activity: 'M3.5 12.500h4l2.5-7 4 13 2.5-6h4',
  bars: 'M3.5 19.500h17M6 19.500v-6M12 19.500v-14M18 19.500v-9',
  settings:
    'M4 7h9M17 7h3M4 12h2M10 12h10M4 17h11M19 17h1M15 5.200a1.8 1.8 0 1 1 0 3.6 1.8 1.8 0 0 1 0-3.600zM8 10.200a1.8 1.8 0 1 1 0 3.6 1.8 1.8 0 0 1 0-3.600zM17 15.200a1.8 1.8 0 1 1 0 3.6 1.8 1.8 0 0 1 0-3.600z',
  sidebar: 'M6 4.500h12A2 2 0 0 1 20 6.500v11a2 2 0 0 1-2 2H6a2 2 0 0 1-2-2v-11a2 2 0 0 1 2-2zM9.5 4.500v15',
  menu: 'M4 7h16M4 12h16M4 17h16',
  close: 'M6 6l12 12M18 6 6 18',
  check: 'M5 12.5 10 17.5 19.5 7',
  'chevron-down': 'M6 9.500l6 6 6-6',
  'chevron-up': 'M6 14.500l6-6 6 6',
  'chevron-right': 'M9.5 6l6 6-6 6',
  'chevron-left': 'M14.5 6l-6 6 6 6',
  dots: 'M5.5 12h.01M12 12h.01M18.5 12h.01',
  download: 'M12 4v11M7.5 11l4.5 4.5 4.5-4.500M5 19.500h14',
  upload: 'M12 15.500V4.500M7.5 8.5 12 4l4.5 4.500M5 19.500h14',
  export: 'M12 14.500V4M8 7.5 12 3.500l4 4M7 11H5.500v9h13v-9H17',
  pause: 'M8.5 5.500v13M15.5 5.500v13',
  play: 'M8 5.500v13l10.5-6.500z',
  trash: 'M4.5 7h15M9.5 7V4.500h5V7M6.5 7l.8 12.500h9.400L17.5 7M10 11v5M14 11v5',
  pin: 'M9 4h6M10 4v5.500L7 13v1.500h10V13l-3-3.500V4M12 14.500V20',
  eject: 'M12 5.5 19 13.500H5zM5 18h14',
  search: 'M10.5 4.500a6 6 0 1 1 0 12 6 6 0 0 1 0-12zM15 15l5 5',
  server:
    'M5.5 4.500h13a1 1 0 0 1 1 1v5h-15v-5a1 1 0 0 1 1-1zM4.5 13.500h15v5a1 1 0 0 1-1 1h-13a1 1 0 0 1-1-1zM8 7.500h.01M8 16.500h.01',
  chip: 'M7.5 6.500h9a1 1 0 0 1 1 1v9a1 1 0 0 1-1 1h-9a1 1 0 0 1-1-1v-9a1 1 0 0 1 1-1zM10 3.500v3M14 3.500v3M10 17.500v3M14 17.500v3M3.5 10h3M3.5 14h3M17.5 10h3M17.5 14h3',
  copy: 'M9.5 8.500h9a1 1 0 0 1 1 1v9.500a1 1 0 0 1-1 1h-9a1 1 0 0 1-1-1V9.500a1 1 0 0 1 1-1zM15.5 8.500v-3a1 1 0 0 0-1-1H5.500a1 1 0 0 0-1 1V15a1 1 0 0 0 1 1h3',
  edit: 'M5 19l.8-4L16 4.800l3.2 3.200L9 18.200zM13.5 7.300l3.2 3.2',
  refresh: 'M19 12a7 7 0 1 1-2.1-5M19.5 3.500v4h-4',
  stop: 'M7.5 7.500h9v9h-9z',
  send: 'M12 19V5M6 11l6-6 6 6',
  paperclip:
    'M18.5 11.5 12 18a4 4 0 0 1-5.7-5.700l7-7a2.7 2.7 0 0 1 3.8 3.800l-6.8 6.800a1.3 1.3 0 0 1-1.9-1.900l6.1-6.1',
  warning: 'M12 4.5 20.5 19h-17zM12 10v4M12 16.500h.01',
  info: 'M12 4a8 8 0 1 1 0 16 8 8 0 0 1 0-16zM12 11v5M12 8h.01',
  sun: 'M12 8a4 4 0 1 1 0 8 4 4 0 0 1 0-8zM12 3v1.500M12 19.500V21M3 12h1.500M19.5 12H21M5.6 5.600l1.1 1.100M17.3 17.300l1.1 1.100M5.6 18.400l1.1-1.100M17.3 6.700l1.1-1.1',
  moon: 'M19.5 14A7.5 7.5 0 0 1 10 4.500a7.7 7.7 0 1 0 9.5 9.500z',
  monitor:
    'M5 4.500h14a1 1 0 0 1 1 1V15a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1V5.500a1 1 0 0 1 1-1zM12 16v3.500M8.5 19.500h7',
  external: 'M13 5h6v6M19 5l-8 8M10 6H6a1 1 0 0 0-1 1v11a1 1 0 0 0 1 1h11a1 1 0 0 0 1-1v-4',
  key: 'M8 11.500a4 4 0 1 1 0 8 4 4 0 0 1 0-8zM11 12.700l7.5-7.700M15.5 8l2.5 2.5',
  image:
    'M5.5 5h13a1 1 0 0 1 1 1v12a1 1 0 0 1-1 1h-13a1 1 0 0 1-1-1V6a1 1 0 0 1 1-1zM5 16.500l4.5-4.5 3.5 3.5 2.5-2.5 3.5 3.500M14.5 9h.01',
  file: 'M7 3.500h7l4.5 4.500v11.500a1 1 0 0 1-1 1H7a1 1 0 0 1-1-1v-15a1 1 0 0 1 1-1zM13.5 3.500V8.500h5',
  branch:
    'M7 4a2 2 0 1 1 0 4 2 2 0 0 1 0-4zM7 16a2 2 0 1 1 0 4 2 2 0 0 1 0-4zM17 6a2 2 0 1 1 0 4 2 2 0 0 1 0-4zM7 8v8M17 10c0 4-10 2-10 6',
  sparkle: 'M12 4l1.8 5.200L19 11l-5.2 1.800L12 18l-1.8-5.200L5 11l5.2-1.800zM18.5 16.500v4M16.5 18.500h4',
  star: 'M12 4.500l2.3 4.8 5.2.7-3.8 3.6.9 5.2-4.6-2.5-4.6 2.5.9-5.200L4.5 10l5.2-.7z',
  disk: 'M4.5 14h15v4.500a1 1 0 0 1-1 1h-13a1 1 0 0 1-1-1zM4.5 14l2.5-9h10l2.5 9M16 16.800h.01',
} as const

export type IconName = keyof typeof PATHS

export interface IconProps {
  readonly name: IconName
  /** Pixels. */
  readonly size?: number
  readonly class?: string
}

/** Always beside a text or in a control that has a name: to a screen reader it is not there. */
export function Icon({ name, size = 18, class: more = '' }: IconProps) {
  return (
    <svg
      class={`icon ${more}`}
      viewBox="0 0 24 24"
      width={size}
      height={size}
      aria-hidden="true"
      focusable="false"
    >
      <path d={PATHS[name]} />
    </svg>
  )
}

/** A ship's berth: a hull at a quay. */
export function Mark({ size = 28 }: { readonly size?: number }) {
  return (
    <svg class="mark" viewBox="0 0 32 32" width={size} height={size} aria-hidden="true" focusable="false">
      <rect class="mark-ground" width="32" height="32" rx="8" />
      <path
        class="mark-line"
        d="M8 14.500h16l-2.6 6.200a2 2 0 0 1-1.8 1.300h-7.200a2 2 0 0 1-1.8-1.300zM12.5 14.500V9.500h7v5"
      />
      <path class="mark-line" d="M7 25.500h18" />
    </svg>
  )
}
