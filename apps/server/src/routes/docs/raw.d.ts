/** A file as it is, bundled as a text. */
declare module '*?raw' {
  const text: string
  export default text
}
