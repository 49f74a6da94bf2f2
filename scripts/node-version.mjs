// @ts-check
// Plain old JavaScript, and imports nothing: a Node that is far too old must get as far as saying so.

var LEAST_MAJOR = 20
var LEAST_MINOR = 19

/**
 * Ends the process with one sentence when this Node is too old to run the rest.
 * @param {string} version without the v: "18.20.4"
 */
export function requireNode(version) {
  var parts = version.split('.')
  var major = Number(parts[0])
  if (major > LEAST_MAJOR || (major === LEAST_MAJOR && Number(parts[1]) >= LEAST_MINOR)) return
  process.stderr.write(
    'Node ' +
      version +
      ' is too old: Berth needs ' +
      LEAST_MAJOR +
      '.' +
      LEAST_MINOR +
      ' or newer. Get it from https://nodejs.org or by a version manager (nvm install --lts), then try again.\n',
  )
  process.exit(1)
}
