/** Numbers and units of quantities that functions write: UCUM's code only where the unit is UCUM. */
import { codeSystemUri, type CodeSystemContext } from './systems.ts'
import { leafAt, setText, type Obj } from './tree.ts'
import { ucumCode } from './units.ts'

const UCUM = 'http://unitsofmeasure.org'

export interface Unit {
  readonly code: string | undefined
  readonly text: string | undefined
  /** Name of its coding system, table 0396. */
  readonly system: string | undefined
}

export function setUnit(
  quantity: Obj,
  { code, text, system }: Unit,
  context: CodeSystemContext,
  row: string,
): void {
  const unit = text ?? code
  if (unit === undefined) return
  setText(quantity, 'unit', unit, row)
  const ucum = [code, text]
    .map((each) => (each === undefined ? undefined : ucumCode(each)))
    .find((each) => each !== undefined)
  if (ucum !== undefined && (system === undefined || /^(?:UCUM|ISO\+|L|99\w*|ANS\+)$/i.test(system))) {
    setText(quantity, 'system', UCUM, row)
    setText(quantity, 'code', ucum, row)
  } else if (code !== undefined && isOtherUnitSystem(system, context) && quantity.type !== 'Duration') {
    setText(quantity, 'system', codeSystemUri(system!, context), row)
    setText(quantity, 'code', code, row)
  }
}

/** A system of units that the tables know and that is not UCUM: the codes of devices (MDC). */
function isOtherUnitSystem(name: string | undefined, { codeSystems }: CodeSystemContext): boolean {
  const uri = name === undefined ? undefined : codeSystems.get(name.toUpperCase())
  return uri !== undefined && uri !== UCUM && uri !== 'urn:oid:2.16.840.1.113883.5.141'
}

/** @param json the number with its digits */
export function setNumber(parent: Obj, json: string, row: string, name = 'value'): void {
  const leaf = leafAt({ parent, name, list: false, primitive: true, key: '' })
  leaf.json = json
  leaf.row = row
  leaf.weak = false
  leaf.constant = false
}
