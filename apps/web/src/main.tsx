import { render } from 'preact'

const root = document.getElementById('app')
if (root === null) throw new Error('The page has no element #app')
render(<h1>Berth</h1>, root)
