// Sets the chosen theme before the first paint; shell/theme.ts keeps it here. A file, since no inline script is allowed.
try {
  const theme = localStorage.getItem('berth-theme')
  if (theme === 'light' || theme === 'dark') document.documentElement.setAttribute('data-theme', theme)
} catch {
  // Storage that is switched off: the system's colours it is.
}
