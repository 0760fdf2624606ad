/** What a channel's messages are written in. Whatever it is, they go on as HL7 v2. */
import {
  type CharsetChoice,
  type Hl7Message,
  parseHprimAsV2,
  parseMessage,
  readHprimIntake,
  readIntake,
  splitBatch,
  splitHprim,
} from '../hl7/index.ts'
import type { Hl7Channel } from './config/channel.ts'
import type { Read } from './new-message.ts'

export interface Format {
  /** Header and keys, for the door. Never throws. */
  read(raw: Buffer): Read
  /** @throws Failure when it can't be read */
  parse(raw: Buffer): Hl7Message
  /** The messages of a frame that holds several. */
  split(frame: Buffer): readonly Buffer[]
  /** Whether a frame with several gets one answer, or each message its own. */
  readonly answersFrame: boolean
}

type Formatted = Pick<Hl7Channel, 'format' | 'text'>

export function formatOf({ format, text }: Formatted): Format {
  const choice: CharsetChoice = { override: text.charset, fallback: text.defaultCharset }
  switch (format) {
    case 'hl7':
      return {
        read: (raw) => readIntake(raw, choice),
        parse: (raw) => parseMessage(raw, text),
        split: (frame) => splitBatch(frame).messages.map(({ bytes }) => bytes),
        answersFrame: false,
      }
    case 'hprim':
      return {
        read: (raw) => readHprimIntake(raw, choice),
        parse: (raw) => parseHprimAsV2(raw, choice),
        split: splitHprim,
        // A file is one thing to its sender, however many patients are in it.
        answersFrame: true,
      }
  }
}
