/** A JSON file as text, parsed by who knows its shape; vite reads it in, for Node and for browsers alike. */
declare module '*.json?raw' {
  const text: string
  export default text
}
