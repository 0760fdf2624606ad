/** `passerelle send`: small clients for the doors, to try a channel without another system at hand. */
import { parseArgs } from 'node:util'

import { readAck } from '../hl7/index.ts'
import { asFailure } from '../kernel/failure.ts'
import { sendFiles } from '../net/dimse/index.ts'
import { openTransport, type Transport, TRANSPORTS } from '../net/mllp/index.ts'
import { type Command, type Io, usageFailure } from './command.ts'
import { readInput } from './read-input.ts'

const OPTIONS = {
  host: { type: 'string' },
  port: { type: 'string' },
  calling: { type: 'string', default: 'PASSERELLE-SCU' },
  called: { type: 'string', default: 'PASSERELLE' },
  transport: { type: 'string', default: 'ours' },
} as const

export const send: Command = {
  name: 'send',
  summary: 'send HL7 v2 messages and DICOM files',
  usage: `Usage: passerelle send hl7 FILE|- …
       passerelle send dicom FILE …

hl7 sends each file (or standard input) as one message over MLLP and prints the acknowledgements; line ends may be LF.
dicom sends the files in one association and prints the status of each. The exit code is 1 when any was not taken.

  --host HOST      127.0.0.1, unless given
  --port PORT      PASSERELLE_MLLP_PORT or PASSERELLE_DICOM_PORT, unless given
  --transport NAME hl7: ours, unless given, or node-hl7-client
  --calling TITLE  dicom: our AE title, PASSERELLE-SCU unless given
  --called TITLE   dicom: theirs, PASSERELLE unless given
`,
  async run(args, io) {
    const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: OPTIONS })
    const [kind, ...files] = positionals
    if (files.length === 0) throw usageFailure('hl7 or dicom, and at least one file')
    const host = values.host ?? '127.0.0.1'
    if (kind === 'hl7')
      return sendHl7(
        files,
        {
          host,
          port: portOf(values.port, 'PASSERELLE_MLLP_PORT', io),
          transport: transportOf(values.transport),
        },
        io,
      )
    if (kind !== 'dicom') throw usageFailure(`there is no door ${kind}`)
    const port = portOf(values.port, 'PASSERELLE_DICOM_PORT', io)
    return sendDicom(files, { host, port, callingAeTitle: values.calling, calledAeTitle: values.called }, io)
  },
}

function portOf(given: string | undefined, variable: string, io: Io): number {
  const port = Number(given ?? io.config().variables[variable])
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw usageFailure('--port must be a port number')
  return port
}

function transportOf(name: string): Transport {
  const known = TRANSPORTS.find((one) => one === name)
  if (known === undefined) throw usageFailure(`--transport is ${TRANSPORTS.join(' or ')}`)
  return known
}

async function sendHl7(
  files: readonly string[],
  { transport, ...to }: { host: string; port: number; transport: Transport },
  io: Io,
): Promise<number> {
  const messages = await Promise.all(files.map((file) => readInput(file, io)))
  await using client = await openTransport(transport, to)
  let refused = 0
  for (const bytes of messages) {
    const { commit, application } = await client.deliver(withSegmentEnds(bytes))
    const answers = [commit, application].filter((answer) => answer !== undefined)
    for (const answer of answers) io.out(answer.toString('utf8').replaceAll('\r', '\n'))
    const codes = answers.map((answer) => readAck(answer)?.code)
    if (!codes.every((code) => code === 'AA' || code === 'CA')) refused++
  }
  return refused === 0 ? 0 : 1
}

/** Editors end lines with LF; segments end with CR. HL7 v2.5 §2.5.4. */
function withSegmentEnds(bytes: Buffer): Buffer {
  if (bytes.includes(0x0d)) return bytes
  return Buffer.from(bytes.toString('latin1').replaceAll('\n', '\r'), 'latin1')
}

async function sendDicom(
  files: readonly string[],
  to: Parameters<typeof sendFiles>[1],
  io: Io,
): Promise<number> {
  let refused = 0
  try {
    for await (const { file, sent, status, comment } of sendFiles(files, to)) {
      const word =
        status === undefined ? 'not sent' : `0x${status.toString(16).toUpperCase().padStart(4, '0')}`
      io.out(`${word}\t${file}${comment === undefined ? '' : `\t${comment}`}\n`)
      if (!sent) refused++
    }
  } catch (error) {
    const failure = asFailure(error)
    if (failure.kind === 'internal') throw error
    io.err(`passerelle: the association failed: ${failure.message}\n`)
    return 1
  }
  return refused === 0 ? 0 : 1
}
