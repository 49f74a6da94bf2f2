export { PageFolder } from './page-folder.js'
export { webPage } from './web-routes.js'
