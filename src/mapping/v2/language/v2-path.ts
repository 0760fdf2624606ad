/** Where a rule reads in a message: `PID-13`, `PV1-2.1`, `CX.4.1` inside a data type, or a whole segment or type (`OBX`, `CX`). */

export interface V2Path {
  /** Segment or data type name. */
  readonly name: string
  /** The path counts fields of a segment (`PID-3`), not components of a data type (`CX.4`). */
  readonly ofSegment: boolean
  /** Field number in a segment, component number in a data type; undefined: the whole. */
  readonly part: number | undefined
  /** Component of the field, subcomponent of the component. */
  readonly component: number | undefined
  readonly subcomponent: number | undefined
  /** `NK1-2[1]`: only the first repetition is read. */
  readonly firstOnly: boolean
}

const PATH = /^([A-Z][A-Z0-9]{1,4})(?:([-.])(\d+)(\[1\])?(?:\.(\d+))?(?:\.(\d+))?)?$/

/** undefined: not a path. */
export function parseV2Path(text: string): V2Path | undefined {
  const found = PATH.exec(text)
  if (!found) return undefined
  const [, name, sign, part, first, component, subcomponent] = found
  const number = (digits: string | undefined): number | undefined =>
    digits === undefined ? undefined : Number(digits)
  return {
    name: name!,
    ofSegment: sign !== '.',
    part: number(part),
    component: number(component),
    subcomponent: number(subcomponent),
    firstOnly: first !== undefined,
  }
}
