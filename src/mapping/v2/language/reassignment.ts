/**
 * Statements of message tables about two records: `merge Patient[prior] into Patient[1]`,
 * `change Encounter[former] to Encounter[1]`, `move Account[1] from Patient[source] to Patient[1]`,
 * `move number of Patient[source] to Patient[1]`, `unlink Patient[2] from Patient[1]`. The verbs are those of HL7 v2.5 chapter 3, §3.6.2.
 */
import type { ReassignmentRule } from '../program.ts'
import { LanguageError } from './tokens.ts'

const LABEL = String.raw`([A-Z]\w*(?:\[\w+\])?)`
const FORMS = {
  merge: new RegExp(`^merge ${LABEL} into ${LABEL}$`),
  change: new RegExp(`^change ${LABEL} to ${LABEL}$`),
  unlink: new RegExp(`^unlink ${LABEL} from ${LABEL}$`),
} as const
const MOVE_NUMBER = new RegExp(`^move number of ${LABEL} to ${LABEL}$`)
const MOVE = new RegExp(`^move ${LABEL} from ${LABEL} to ${LABEL}$`)

/** undefined: the statement is of another kind. @throws LanguageError when it begins like one and is none */
export function parseReassignment(text: string): ReassignmentRule | undefined {
  const [verb] = text.split(' ')
  const [, owner, heir] = MOVE_NUMBER.exec(text) ?? []
  if (owner !== undefined) return checked({ does: 'move-number', from: owner, to: heir!, what: undefined })
  if (verb === 'move') {
    const [, what, from, to] = MOVE.exec(text) ?? []
    if (what === undefined) throw new LanguageError(`"${text}" is not "move … from … to …"`)
    return checked({ does: 'move', what, from: from!, to: to! })
  }
  if (verb !== 'merge' && verb !== 'change' && verb !== 'unlink') return undefined
  const [, from, to] = FORMS[verb].exec(text) ?? []
  if (from === undefined) throw new LanguageError(`"${text}" is no statement with ${verb}`)
  return checked({ does: verb, from, to: to!, what: undefined })
}

function checked(rule: ReassignmentRule): ReassignmentRule {
  if (typeOf(rule.from) === typeOf(rule.to)) return rule
  throw new LanguageError(`${rule.from} and ${rule.to} are not of one type`)
}

function typeOf(label: string): string {
  return label.split('[')[0]!
}
