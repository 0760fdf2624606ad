/** The range that a decimal's written precision means. https://hl7.org/fhir/R4/search.html#number */

const DECIMAL = /^([+-]?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/
/** FHIR asks for no more than 18 digits; far beyond, the arithmetic only costs time. */
const MAX_EXPONENT = 1000
const MAX_LENGTH = 1000

export interface DecimalRange {
  readonly value: string
  readonly low: string
  readonly high: string
}

/**
 * `100` → 99.5 to 100.5, `1.10` → 1.095 to 1.105. `1e2` → 95 to 105: so says the specification, as if it were 1.0e2.
 * undefined: not a decimal.
 */
export function decimalRange(text: string): DecimalRange | undefined {
  const match = text.length > MAX_LENGTH ? null : DECIMAL.exec(text)
  if (!match) return undefined
  const [, sign, whole, written = '', exponent = '0'] = match
  const fraction = written === '' && match[4] !== undefined ? '0' : written
  if (Math.abs(Number(exponent)) > MAX_EXPONENT) return undefined
  // One digit more than written, and half of the last written place on either side.
  const scale = fraction.length - Number(exponent)
  const tenfold = BigInt(`${sign === '-' ? '-' : ''}${whole}${fraction}`) * 10n
  return {
    value: scaled(tenfold / 10n, scale),
    low: scaled(tenfold - 5n, scale + 1),
    high: scaled(tenfold + 5n, scale + 1),
  }
}

/** digits × 10^-scale as plain decimal text. */
function scaled(digits: bigint, scale: number): string {
  if (scale <= 0) return (digits * 10n ** BigInt(-scale)).toString()
  const negative = digits < 0n
  const text = (negative ? -digits : digits).toString().padStart(scale + 1, '0')
  return `${negative ? '-' : ''}${text.slice(0, -scale)}.${text.slice(-scale)}`
}
