/** Numbers as 64 bits that are in the order of the numbers, so that one index serves dates and numbers alike. */

const bytes = new DataView(new ArrayBuffer(8))
const LEAST = -(2n ** 63n)
const GREATEST = 2n ** 63n - 1n

/**
 * The bits of an IEEE 754 double as a signed bigint: positive ones are in order as they are, negative ones once all
 * bits but the sign are turned round. -0 is 0. The infinities are the least and greatest of all.
 */
export function orderedNumber(value: number): bigint {
  if (value === Infinity) return GREATEST
  if (value === -Infinity) return LEAST
  bytes.setFloat64(0, value + 0)
  const bits = bytes.getBigInt64(0)
  return bits >= 0n ? bits : BigInt.asIntN(64, bits ^ GREATEST)
}
