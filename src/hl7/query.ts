/**
 * What a query by parameter (QBP) asks: QPD, RCP and DSC. HL7 v2.5 chapter 5, §5.3.1 and §5.4.2; the parameters are those
 * of IHE ITI TF-2 §3.21 (PDQ) and §3.9 (PIX).
 */
import type { Hl7Message } from './message.ts'

/** One `@PID.5.1.1^DURAND` of QPD-3: a place in a segment of the answer and the value that it shall have. */
export interface QueryParameter {
  /** `PID.5` */
  readonly field: string
  readonly component: number
  readonly subcomponent: number
  readonly value: string
  /** Which repetition of QPD-3 says it, for ERR. */
  readonly repetition: number
}

export interface AskedIdentifier {
  readonly value: string | undefined
  readonly authority: Authority | undefined
  /** Which repetition of its field says it, for ERR. */
  readonly repetition: number
}

/** HD: who assigns identifiers. */
export interface Authority {
  readonly namespace: string | undefined
  readonly id: string | undefined
  readonly type: string | undefined
}

export interface Query {
  /** QPD-1, as it was sent: it goes back in QAK-3. */
  readonly name: string
  /** QPD-2 */
  readonly tag: string | undefined
  readonly parameters: readonly QueryParameter[]
  /** Repetitions of QPD-3 that are no parameter. */
  readonly unreadable: readonly number[]
  /** QPD-3 of a query for cross-references: whose others are asked for. */
  readonly person: AskedIdentifier
  /** Whose identifiers are wanted: QPD-8 of PDQ, QPD-4 of PIX. */
  domains(field: 4 | 8): readonly AskedIdentifier[]
  /** RCP-2: at most so many records in one answer. */
  readonly limit: number | undefined
  /** DSC-1: where the last answer ended. */
  readonly continuation: string | undefined
}

/** Undefined without QPD. */
export function readQuery(message: Hl7Message): Query | undefined {
  const qpd = message.segment('QPD')
  if (qpd === undefined) return undefined
  const repetitions = qpd.field(3).repetitions
  const read = repetitions.map((each, index) => readParameter(each.component(1).text, each, index + 1))
  return {
    name: qpd.field(1).raw,
    tag: qpd.get('2') ?? undefined,
    parameters: read.filter((each) => typeof each === 'object'),
    unreadable: read.filter((each) => typeof each === 'number'),
    person: identifiersOf(message, 3)[0] ?? { value: undefined, authority: undefined, repetition: 1 },
    domains: (field) => identifiersOf(message, field).filter(({ authority }) => authority !== undefined),
    limit: limitOf(message.get('RCP-2')),
    continuation: message.get('DSC-1') ?? undefined,
  }
}

type Repetition = ReturnType<NonNullable<ReturnType<Hl7Message['segment']>>['field']>['repetitions'][number]

/** Undefined for an empty repetition, or for one that asks for nothing; its number when it can't be read. */
function readParameter(
  name: string | null | undefined,
  repetition: Repetition,
  number: number,
): QueryParameter | number | undefined {
  if (repetition.isEmpty) return undefined
  const found = /^@([A-Z][A-Z0-9]{2}\.\d{1,3})(?:\.(\d{1,2}))?(?:\.(\d{1,2}))?$/.exec(name?.trim() ?? '')
  if (found === null) return number
  const value = repetition.component(2).text?.trim()
  if (!value) return undefined
  const [, field, component = '1', subcomponent = '1'] = found
  return {
    field: field!,
    component: Number(component),
    subcomponent: Number(subcomponent),
    value,
    repetition: number,
  }
}

function identifiersOf(message: Hl7Message, field: number): AskedIdentifier[] {
  const repetitions = message.segment('QPD')?.field(field).repetitions ?? []
  return repetitions.map((each, index) => {
    const assigner = each.component(4)
    const [namespace, id, type] = [1, 2, 3].map((n) => assigner.subcomponent(n)?.trim() || undefined)
    const isNamed = namespace !== undefined || id !== undefined
    return {
      value: each.component(1).value?.trim() || undefined,
      authority: isNamed ? { namespace, id, type } : undefined,
      repetition: index + 1,
    }
  })
}

function limitOf(text: string | null | undefined): number | undefined {
  const number = Number(text?.trim() || NaN)
  return Number.isInteger(number) && number > 0 ? number : undefined
}
