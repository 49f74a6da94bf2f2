import { IconButton } from '../../shell/index.js'
import { formatSpan } from '../model/explain.js'
import type { WaitView } from '../model/views.js'
import { cancel, neighbour, reclass, whyNotAdmin, whyNotTheirs, type Acting } from './act.js'

/** More are counted: nobody reads them, and each is drawn again whenever one before it goes. */
const MOST_ROWS = 50

export interface QueueTableProps {
  readonly queue: readonly WaitView[]
  /** With those that `queue` does not have. */
  readonly waiting: number
  readonly nameOf: (model: string) => string
  readonly acting: Acting
  readonly now: number
}

/** Who waits, for what, why, and until when. */
export function QueueTable({ queue, waiting, nameOf, acting, now }: QueueTableProps) {
  const shown = queue.slice(0, MOST_ROWS)
  return (
    <section class="activity-section" aria-labelledby="activity-queue">
      <h2 id="activity-queue">
        Queue <span class="activity-count">{waiting}</span>
      </h2>
      {waiting === 0 ? (
        <p class="activity-none">Nobody waits.</p>
      ) : (
        // The roles again, for the narrow page draws it as something else than a table.
        <table class="queue" role="table" aria-labelledby="activity-queue">
          <thead role="rowgroup">
            <tr role="row">
              {['Place', 'Model', 'Class', 'Client', 'Why it waits', 'Since', 'Expected start'].map(
                (title) => (
                  <th key={title} role="columnheader" scope="col">
                    {title}
                  </th>
                ),
              )}
              <th role="columnheader" scope="col">
                <span class="visually-hidden">Actions</span>
              </th>
            </tr>
          </thead>
          <tbody role="rowgroup">
            {shown.map((one, index) => (
              <QueueRow
                key={one.request}
                one={one}
                place={index + 1}
                name={nameOf(one.model)}
                acting={acting}
                now={now}
              />
            ))}
          </tbody>
        </table>
      )}
      {waiting > shown.length && <p class="activity-none">and {waiting - shown.length} more</p>}
    </section>
  )
}

interface QueueRowProps {
  readonly one: WaitView
  readonly place: number
  readonly name: string
  readonly acting: Acting
  readonly now: number
}

function QueueRow({ one, place, name, acting, now }: QueueRowProps) {
  const { request, client, startsAt, parkedTokens } = one
  const up = neighbour(one.class, -1)
  const down = neighbour(one.class, 1)
  const notTheirs = whyNotTheirs(acting.rights, client)
  const notUp = whyNotAdmin(acting.rights)
  return (
    <tr role="row">
      <td role="cell" class="queue-place">
        {place}
      </td>
      <td role="cell" class="queue-model">
        {name} <span class="queue-request">{request}</span>
      </td>
      <td role="cell" class="queue-class">
        {one.class}
      </td>
      <td role="cell" class="queue-client">
        {client === '' ? '–' : client}
      </td>
      <td role="cell" class="queue-why">
        {one.why}
        {parkedTokens !== null && ` (${parkedTokens} tokens kept)`}
      </td>
      <td role="cell" class="queue-time" data-label="waits">
        {formatSpan(Math.max(0, now - one.since))}
      </td>
      <td role="cell" class="queue-time" data-label="starts">
        {startsAt === null ? 'not known' : startsAt <= now ? 'now' : `in ${formatSpan(startsAt - now)}`}
      </td>
      <td role="cell" class="queue-actions">
        <IconButton
          icon="chevron-up"
          size="s"
          label={
            up === null ? `Request ${request} is ${one.class} already` : `Raise request ${request} to ${up}`
          }
          disabled={up === null || notUp !== undefined}
          onClick={() => up !== null && void reclass(acting, request, one.class, up)}
        />
        <IconButton
          icon="chevron-down"
          size="s"
          label={
            down === null
              ? `Request ${request} is ${one.class} already`
              : `Lower request ${request} to ${down}`
          }
          disabled={down === null || notTheirs !== undefined}
          onClick={() => down !== null && void reclass(acting, request, one.class, down)}
        />
        <IconButton
          icon="close"
          size="s"
          label={`Cancel request ${request}`}
          disabled={notTheirs !== undefined}
          onClick={() => void cancel(acting, request, false)}
        />
      </td>
    </tr>
  )
}
