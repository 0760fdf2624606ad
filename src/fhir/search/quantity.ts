/**
 * Quantities in canonical units, so that 5.4 mg and 0.0054 g are the same. https://hl7.org/fhir/R4/search.html#quantity,
 * https://ucum.org/ucum. The library's unit knows its dimensions and its magnitude in base units.
 */
import ucum from '@lhncbc/ucum-lhc'

const UCUM = 'http://unitsofmeasure.org'

export interface CanonicalUnit {
  /** The same for all units that can be compared with each other. */
  readonly dimension: string
  /** A value of the unit, in base units. */
  toBase(value: number): number
}

interface UcumUnit {
  readonly magnitude_: number
  readonly dim_: { readonly dimVec_: readonly number[] | null } | null
  readonly cnv_: string | null
  readonly isArbitrary_: boolean
  readonly csCode_: string
  convertFrom(value: number, from: UcumUnit): number
}

/** Digits that the arithmetic of units keeps: what is left is its own error, and 5.35 × 0.001 has to be 0.00535. */
const DIGITS = 12
const MAX_KNOWN = 10_000
const known = new Map<string, CanonicalUnit | undefined>()

/** undefined: not a unit of UCUM. */
export function canonicalUnit(
  system: string | undefined,
  code: string | undefined,
): CanonicalUnit | undefined {
  if (system !== UCUM || code === undefined) return undefined
  if (known.has(code)) return known.get(code)
  if (known.size >= MAX_KNOWN) known.clear()
  const unit = read(code)
  known.set(code, unit)
  return unit
}

/** Names the unit that a quantity's values are kept in where UCUM has none: by its system and code, or its text. */
export function unitKey(system: string | undefined, code: string): string {
  return `${system ?? ''}|${code}`
}

function read(code: string): CanonicalUnit | undefined {
  const utils = ucum.UcumLhcUtils.getInstance()
  const unit = utils.getSpecifiedUnit(code, 'validate').unit as UcumUnit | null | undefined
  if (!unit) return undefined
  const { isArbitrary_: arbitrary, dim_: dim, cnv_: special, magnitude_: magnitude, csCode_: name } = unit
  // Arbitrary units ([iU]) can be compared with nothing but themselves.
  if (arbitrary) return { dimension: `ucum ${name}`, toBase: (value) => value }
  const dimension = `ucum ${vectorOf(dim).join(',')}`
  if (special === null) return { dimension, toBase: (value) => round(value * magnitude) }
  // Special units (Celsius) have no factor: the library converts to the base unit of the same dimension.
  const base = Object.assign(Object.create(Object.getPrototypeOf(unit) as object) as UcumUnit, {
    ...unit,
    cnv_: null,
    magnitude_: 1,
  })
  return { dimension, toBase: (value) => round(base.convertFrom(value, unit)) }
}

function vectorOf(dim: UcumUnit['dim_']): readonly number[] {
  const { dimVec_: vector } = dim ?? { dimVec_: null }
  return vector ?? []
}

function round(value: number): number {
  return Number(value.toPrecision(DIGITS))
}
