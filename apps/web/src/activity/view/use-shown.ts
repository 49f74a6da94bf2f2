import { useEffect, useState } from 'preact/hooks'

/** Draws a component again each so many milliseconds: what it says of time stays true. */
export function useEvery(ms: number): number {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), ms)
    return () => clearInterval(timer)
  }, [ms])
  return now
}
