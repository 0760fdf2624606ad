/**
 * Senders as they are in a hospital: each has its patients, sends one message at a time in order, and sends it again
 * until it is acknowledged. And what must be true afterwards: each acknowledged message was handled once, in order.
 */
import { setTimeout as sleep } from 'node:timers/promises'

import { Client } from 'pg'

import { readAck } from '../../src/hl7/index.ts'
import { connectMllp, type MllpClient } from '../../src/net/mllp/index.ts'

const PATIENTS_EACH = 5
/** Between two messages of a sender: so that what is killed is at work, not only behind. */
const THINKING_MS = 15

export interface Counts {
  acknowledged: number
  /** AE or CE: not taken, to be sent again. */
  refused: number
  /** No answer: a lost connection. */
  unanswered: number
}

export interface Senders {
  readonly counts: Counts
  /** Sends until the signal aborts; what is in flight then is kept for the next time. */
  send(port: () => number, stop: AbortSignal): Promise<void>
  /** Sends what was not acknowledged yet. */
  settle(port: () => number, withinMs: number): Promise<void>
  /** Control ids that were acknowledged, by patient, in order. */
  readonly acknowledged: ReadonlyMap<string, readonly string[]>
}

interface Sender {
  readonly name: number
  next: number
  open: { patient: string; controlId: string; body: Buffer } | undefined
}

export function makeSenders(count: number): Senders {
  const senders: Sender[] = Array.from({ length: count }, (_, name) => ({ name, next: 0, open: undefined }))
  const counts: Counts = { acknowledged: 0, refused: 0, unanswered: 0 }
  const acknowledged = new Map<string, string[]>()

  async function run(sender: Sender, port: () => number, isOver: () => boolean): Promise<void> {
    let client: MllpClient | undefined
    while (!isOver()) {
      try {
        client ??= await connectMllp({ host: '127.0.0.1', port: port(), ackTimeoutMs: 5000 })
        const sending = (sender.open ??= messageOf(sender))
        const code = readAck(await client.send(sending.body))?.code
        if (code === 'AA') {
          counts.acknowledged++
          acknowledged.set(sending.patient, [...(acknowledged.get(sending.patient) ?? []), sending.controlId])
          sender.open = undefined
          await sleep(THINKING_MS)
        } else {
          counts.refused++
          await sleep(50)
        }
      } catch {
        counts.unanswered++
        await client?.[Symbol.asyncDispose]()
        client = undefined
        await sleep(50)
      }
    }
    await client?.[Symbol.asyncDispose]()
  }

  return {
    counts,
    acknowledged,
    async send(port, stop) {
      await Promise.all(senders.map((sender) => run(sender, port, () => stop.aborted)))
    },
    async settle(port, withinMs) {
      const until = Date.now() + withinMs
      await Promise.all(
        senders.map((sender) => run(sender, port, () => sender.open === undefined || Date.now() > until)),
      )
    },
  }
}

/** An update that changes the patient: her versions tell which messages were handled, and in which order. */
function messageOf(sender: Sender): NonNullable<Sender['open']> {
  const number = sender.next++
  const patient = `P${sender.name}-${number % PATIENTS_EACH}`
  const controlId = `${sender.name}.${number}`
  const at = new Date(Date.UTC(2026, 0, 2) + number * 1000).toISOString().replace(/\D/g, '').slice(0, 14)
  const segments = [
    `MSH|^~\\&|ADT${sender.name}|HOSP|EHR|HOSP|${at}+0100||ADT^A08^ADT_A01|${controlId}|P|2.5`,
    `EVN|A08|${at}+0100||||${at}+0100`,
    `PID|1||${patient}^^^HOPITAL&1.2.250.1.999.2&ISO^PI||MARTIN^N${number}||19800102|F`,
  ]
  return { patient, controlId, body: Buffer.from(`${segments.join('\r')}\r`) }
}

export interface Findings {
  /** What was acknowledged and is not handled. */
  readonly lost: readonly string[]
  /** What was handled twice, or not in order. */
  readonly wrong: readonly string[]
  readonly handled: number
}

/** Waits until the journal has nothing to do, then counts. */
export async function findings(url: string, senders: Senders, withinMs: number): Promise<Findings> {
  const client = new Client({ connectionString: url })
  // A connection that breaks fails the statement; without a listener it would end the program and leave its folders.
  client.on('error', () => {})
  await client.connect()
  try {
    await client.query('set row_security = off')
    const until = Date.now() + withinMs
    const open = async (): Promise<number> =>
      Number(
        (await client.query<{ n: string }>('select count(*) as n from passerelle.message_turn')).rows[0]!.n,
      )
    while ((await open()) > 0 && Date.now() < until) await sleep(200)
    const { rows } = await client.query<Handled>(
      `select control_id as "controlId", patient, state, result from passerelle.message order by id`,
    )
    return judge(rows, senders)
  } finally {
    await client.end()
  }
}

interface Handled {
  readonly controlId: string
  readonly patient: string
  readonly state: string
  readonly result: readonly string[]
}

function judge(rows: readonly Handled[], senders: Senders): Findings {
  const lost: string[] = []
  const wrong: string[] = []
  const done = new Map<string, string[]>()
  for (const { controlId, patient, state, result } of rows) {
    if (state !== 'done') wrong.push(`${controlId} is ${state}`)
    const name = patient.split('^')[0]!
    const earlier = done.get(name) ?? []
    const version = result
      .map((one) => /^Patient\/.*\/(\d+)$/.exec(one)?.[1])
      .find((one) => one !== undefined)
    // Each message makes one version of its patient, so the versions count the messages.
    if (Number(version) !== earlier.length + 1) wrong.push(`${controlId} made version ${version} of ${name}`)
    if (earlier.includes(controlId)) wrong.push(`${controlId} is there twice`)
    done.set(name, [...earlier, controlId])
  }
  for (const [patient, sent] of senders.acknowledged) {
    const handled = done.get(patient) ?? []
    for (const controlId of sent) if (!handled.includes(controlId)) lost.push(controlId)
    if (lost.length === 0 && handled.join() !== sent.join()) wrong.push(`${patient}: another order or number`)
  }
  return { lost, wrong, handled: rows.length }
}
