// @ts-check
// Plain old JavaScript: a Node that is far too old must get as far as saying so. The work is in tasks/package.mjs.
import { requireNode } from './node-version.mjs'

requireNode(process.versions.node)
void import('./tasks/package.mjs').then(function (task) {
  return task.run(process.argv.slice(2))
})
