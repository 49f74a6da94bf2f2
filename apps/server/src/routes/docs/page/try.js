// @ts-check
// Shows /openapi.json as a list of routes, each with a form to send a request and see its answer.

const main = document.querySelector('main') ?? document.body
const key = document.querySelector('input')

/**
 * @param {string} name
 * @param {Readonly<Record<string, string>>} [attributes]
 * @param {readonly (Node | string)[]} [children]
 */
function element(name, attributes = {}, children = []) {
  const made = document.createElement(name)
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value)
  made.append(...children)
  return made
}

/**
 * @param {string} label
 * @param {HTMLInputElement | HTMLTextAreaElement} field
 */
const labelled = (label, field) => element('label', {}, [label, ' ', field])

/**
 * @param {string} method
 * @param {string} path
 * @param {any} operation
 */
function route(method, path, operation) {
  const inputs = (operation.parameters ?? []).map((/** @type {{ name: string }} */ { name }) => ({
    name,
    input: Object.assign(document.createElement('input'), { name, required: true }),
  }))
  const content = operation.requestBody?.content ?? {}
  const json = content['application/json']
  const body = document.createElement('textarea')
  body.spellcheck = false
  body.value = json === undefined ? '' : JSON.stringify(json.example ?? {}, null, 2)
  const send = element('button', { type: 'submit' }, ['Send'])
  const stop = element('button', { type: 'button', hidden: '' }, ['Stop'])
  const answer = element('pre', { hidden: '', tabindex: '0', 'aria-live': 'polite' })
  const form = element('form', {}, [
    ...inputs.map((/** @type {{ name: string, input: HTMLInputElement }} */ { name, input }) =>
      labelled(name, input),
    ),
    ...(json === undefined ? [] : [labelled('Body', body)]),
    send,
    stop,
    answer,
  ])
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    const filled = inputs.reduce(
      (/** @type {string} */ all, /** @type {{ name: string, input: HTMLInputElement }} */ { name, input }) =>
        all.replace(`{${name}}`, encodeURIComponent(input.value)),
      path,
    )
    void run(method, filled, json === undefined ? undefined : body.value, { send, stop, answer })
  })
  const statuses = element(
    'table',
    {},
    Object.entries(operation.responses).map(([status, { description }]) =>
      element('tr', {}, [element('th', { scope: 'row' }, [status]), element('td', {}, [description])]),
    ),
  )
  const fields =
    json === undefined
      ? []
      : [
          element('details', {}, [
            element('summary', {}, ['What the body may hold']),
            element('pre', {}, [JSON.stringify(json.schema, null, 2)]),
          ]),
        ]
  return element('details', {}, [
    element('summary', {}, [element('code', {}, [`${method} ${path}`]), ` ${operation.summary}`]),
    statuses,
    ...fields,
    form,
  ])
}

/**
 * Sends a request and shows the answer as it comes.
 * @param {string} method
 * @param {string} path
 * @param {string | undefined} body
 * @param {{ send: HTMLElement, stop: HTMLElement, answer: HTMLElement }} parts
 */
async function run(method, path, body, { send, stop, answer }) {
  const left = new AbortController()
  const cancel = () => left.abort()
  stop.addEventListener('click', cancel)
  send.toggleAttribute('disabled', true)
  stop.hidden = false
  answer.hidden = false
  answer.textContent = '…'
  try {
    const response = await fetch(path, {
      method,
      signal: left.signal,
      headers: {
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...(key?.value ? { Authorization: `Bearer ${key.value}` } : {}),
      },
      ...(body === undefined ? {} : { body }),
    })
    answer.textContent = `${response.status} ${response.statusText}\n${response.headers.get('content-type') ?? ''}\n\n`
    const reader = response.body?.getReader()
    const decoder = new TextDecoder()
    for (;;) {
      const { value, done } = (await reader?.read()) ?? { value: undefined, done: true }
      if (done) break
      answer.append(decoder.decode(value, { stream: true }))
    }
  } catch (error) {
    answer.append(`\n${left.signal.aborted ? 'stopped' : String(error)}`)
  } finally {
    stop.removeEventListener('click', cancel)
    stop.hidden = true
    send.toggleAttribute('disabled', false)
  }
}

try {
  const { paths } = await (await fetch('/openapi.json')).json()
  /** @type {Map<string, Node[]>} */
  const groups = new Map()
  for (const [path, methods] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      const group = groups.get(operation.tags[0]) ?? []
      group.push(route(method.toUpperCase(), path, operation))
      groups.set(operation.tags[0], group)
    }
  }
  main.replaceChildren(
    ...Array.from(groups, ([name, routes]) => element('section', {}, [element('h2', {}, [name]), ...routes])),
  )
} catch (error) {
  main.textContent = `The description could not be read: ${String(error)}`
}
