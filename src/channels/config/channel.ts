/** What a channel file says (config/channels/*.yaml). Unknown keys are errors: a misspelt setting must not be ignored. */
import { isIP } from 'node:net'

import { z } from 'zod'

import { type Charset, charsetNamed } from '../../hl7/index.ts'

const port = z.int().min(0).max(65_535)
const seconds = z.number().min(0).max(86_400)

/** `10.1.2.3`, `10.1.0.0/16`, `fd00::/8`. */
const network = z.string().refine(isNetwork, 'an address or a network such as 10.1.0.0/16')

function isNetwork(text: string): boolean {
  const [address = '', prefix, ...rest] = text.split('/')
  const version = isIP(address)
  if (version === 0 || rest.length > 0) return false
  if (prefix === undefined) return true
  return /^\d{1,3}$/.test(prefix) && Number(prefix) <= (version === 4 ? 32 : 128)
}

/** PEM files, relative to the channel file. With `clientAuthority` only peers with a certificate of it get in. */
const tls = z.strictObject({
  certificate: z.string().min(1),
  key: z.string().min(1),
  clientAuthority: z.string().min(1).optional(),
})

/** What an MLLP listener may ask besides: which of the authority's clients, by SHA-256 fingerprint or by name. */
const mllpTls = tls
  .extend({ clients: z.array(z.string().min(1)).nonempty().optional() })
  .refine(({ clients, clientAuthority }) => clients === undefined || clientAuthority !== undefined, {
    path: ['clients'],
    error: 'needs clientAuthority: without it nobody shows a certificate',
  })

const listen = {
  host: z.string().min(1).default('127.0.0.1'),
  /** 0: any free port. */
  port,
  /** Who may connect; everybody when it is not given. */
  allow: z.array(network).nonempty().optional(),
  tls: tls.optional(),
  maxConnections: z.int().min(1).max(10_000).default(200),
  /** 0: a quiet connection is kept for ever. */
  idleTimeoutSeconds: seconds.default(900),
}

const key = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, 'lower case letters, digits and hyphens, at most 63')

const common = {
  channel: key,
  description: z.string().default(''),
  /** Key of the tenant whose resources the channel makes. */
  tenant: key,
  enabled: z.boolean().default(true),
  /** For times without an offset. */
  timeZone: z.string().refine(isTimeZone, 'a time zone such as Europe/Paris').default('Europe/Paris'),
  /** Namespace that senders use for an assigning authority → the identifier system it stands for. */
  identifierSystems: z
    .record(z.string().min(1), z.url().or(z.string().regex(/^urn:[a-z0-9-]+:\S+$/i)))
    .default({}),
}

function isTimeZone(text: string): boolean {
  try {
    Intl.DateTimeFormat('en', { timeZone: text })
    return true
  } catch {
    return false
  }
}

/** A name of HL7 table 0211 (`8859/15`, `UNICODE UTF-8`) or a usual other one (`windows-1252`). */
const charset = z.string().transform((name, context): Charset => {
  const known = charsetNamed(name)
  if (known !== undefined) return known
  context.addIssue('a character set such as UNICODE UTF-8 or 8859/15')
  return z.NEVER
})

const text = z.strictObject({
  /** Used for every message, whatever its MSH-18 says. */
  charset: charset.optional(),
  /** Used when MSH-18 is empty. UTF-8 is strict: bytes of another set are refused and not misread. */
  defaultCharset: charset.prefault('UNICODE UTF-8'),
  /** Hold what the standard does not allow (line feeds, a missing MSH-9 …), instead of reading what can be understood. */
  strict: z.boolean().default(false),
})

const retry = z.strictObject({
  firstDelaySeconds: z.number().min(0.001).max(3_600).default(1),
  /** The delay doubles up to this. */
  maxDelaySeconds: z.number().min(0.001).max(86_400).default(60),
  /** After so many attempts a message is held. A part that is away (the database) is waited for without end. */
  attempts: z.int().min(1).max(1_000).default(10),
  /** After a message has ended so many workers (out of memory, say) it is held. */
  crashes: z.int().min(1).max(100).default(3),
})

const mapping = z.strictObject({
  /** Choices that the mapping tables leave to the site (config/mapping/switches.tsv), by name. */
  switches: z.record(z.string().min(1), z.string()).default({}),
  /** Folder of tables whose rows replace those of config/mapping, relative to the channel file. */
  overrides: z.string().min(1).optional(),
  /** Which repetition of PID-3 names the patient: identifier types or authorities, most preferred first. */
  patientIdentifier: z.array(z.string().min(1)).nonempty().optional(),
  /**
   * ConceptMaps of the tenant that translate codes, by URL, name or id. Not given: every one that names its source
   * system. One without a source system is for local codes and has to be named.
   */
  conceptMaps: z.array(z.string().min(1)).optional(),
  /** A larger attachment (OBX of type ED) becomes a Binary with a DocumentReference. 0: every one. */
  maxAttachmentKiB: z.number().min(0).max(16_384).default(256),
  /** Messages that are acknowledged and kept, but make no resources: MSH-9 such as `SIU` or `ADT^A31`. */
  ignore: z
    .array(z.string().regex(/^[A-Z0-9]{3}(?:\^[A-Z0-9]{3})?$/, 'a message type such as ADT or ADT^A31'))
    .default([]),
  /** A message for which there is no table: keep it without resources, or hold it (and its lane) for an operator. */
  unmapped: z.enum(['keep', 'hold']).default('keep'),
})

const batch = z.strictObject({
  /** When BTS-1 or FTS-1 is not what came, or a trailer is missing: refuse the whole batch, or take what is there. */
  mismatch: z.enum(['refuse', 'accept']).default('refuse'),
  /**
   * A batch that has an acknowledgement of `all` messages or of those with `errors`; or a `single` acknowledgement of the
   * batch as a whole; or `none`.
   */
  acknowledge: z.enum(['all', 'errors', 'single', 'none']).default('all'),
})

const mllp = z.strictObject({
  ...common,
  source: z.literal('mllp'),
  /** HL7 v2, or HPRIM santé, which is read into it. */
  format: z.enum(['hl7', 'hprim']).default('hl7'),
  /** A folder of config/presets: settings that the channel's own go over, and tables that its overrides go over. */
  preset: key.optional(),
  listen: z.strictObject({
    ...listen,
    tls: mllpTls.optional(),
    /** Connections of one address; as many as in all when it is not given. */
    maxConnectionsPerAddress: z.int().min(1).max(10_000).optional(),
    maxFrameMiB: z.number().min(0.001).max(256).default(16),
    /** Messages of one connection that are taken in side by side. */
    maxInFlight: z.int().min(1).max(1_000).default(64),
  }),
  text: text.prefault({}),
  /**
   * `on-commit`: once the message is committed to the journal. `after-processing`: once it was handled, so that the
   * answer says what became of it. `by-message`: on commit, and where MSH-16 asks for it once more after processing.
   * `never`: no answer at all.
   */
  acknowledge: z.enum(['by-message', 'on-commit', 'after-processing', 'never']).default('by-message'),
  /** How long an answer after processing may take; then it says AE, and that the message is kept and waits. */
  acknowledgeTimeoutSeconds: z.number().min(0.1).max(3_600).default(30),
  /** Original (AA, AE, AR) or enhanced mode (CA, CE, CR), or what MSH-15 and MSH-16 of the message ask for. */
  acknowledgeMode: z.enum(['by-message', 'original', 'enhanced']).default('by-message'),
  /** What must stay in order: messages of a patient, of a sender (MSH-3 and MSH-4), of the whole channel, or nothing. */
  order: z.enum(['patient', 'sender', 'channel', 'none']).default('patient'),
  /** When a control id comes again with other bytes: handle it as a new message, or answer AR. */
  reusedControlId: z.enum(['process', 'refuse']).default('process'),
  batch: batch.prefault({}),
  /** Messages in one frame without a batch around them: refuse them, or take each on its own. */
  severalMessages: z.enum(['refuse', 'split']).default('refuse'),
  /** Queries (QBP): answered from the tenant's store, or refused with AR. Who can connect can ask for anybody. */
  queries: z.enum(['answer', 'refuse']).default('refuse'),
  retry: retry.prefault({}),
  mapping: mapping.prefault({}),
})

const aeTitle = z
  .string()
  .regex(/^(?! *$)[\x20-\x5b\x5d-\x7e]{1,16}$/, 'an AE title: 1 to 16 characters, no backslash')

const dicom = z.strictObject({
  ...common,
  source: z.literal('dicom'),
  listen: z.strictObject({
    ...listen,
    aeTitle: aeTitle.default('PASSERELLE'),
    /** Calling AE titles that may associate; all when it is not given. */
    callers: z.array(aeTitle).nonempty().optional(),
    maxPduKiB: z.int().min(16).max(1_024).default(128),
  }),
  /** When a SOP instance comes again with other content: keep the first, take the new one, or refuse it. */
  changedInstance: z.enum(['keep', 'overwrite', 'refuse']).default('keep'),
  /** A study is written once it has been quiet for so long, or when its association ends. */
  quietSeconds: seconds.default(5),
  /** Identifier system for Patient IDs without an issuer. */
  patientIdSystem: z.string().min(1).optional(),
})

export const channelSchema = z.discriminatedUnion('source', [mllp, dicom])

export type Hl7Channel = z.output<typeof mllp>
export type DicomChannel = z.output<typeof dicom>
export type Channel = z.output<typeof channelSchema>
