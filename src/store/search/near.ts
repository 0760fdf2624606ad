/** `near`: among the latitudes that can be near enough, those that are. https://hl7.org/fhir/R4/location.html#positional-searching */
import type { NearValue } from '../../fhir/index.ts'
import { paramHash } from '../hash.ts'
import { orderedNumber } from '../ordered-number.ts'
import type { Condition } from './condition.ts'

/** A little less than a degree of latitude has, so that the band is never too narrow. */
const METERS_PER_DEGREE = 110_000

export function nearCondition(
  type: string,
  param: string,
  { latitude, longitude, meters }: NearValue,
): Condition {
  const band = meters / METERS_PER_DEGREE
  const bounds = { loMin: orderedNumber(latitude - band), hiMax: orderedNumber(latitude + band) }
  return {
    by: 'near',
    latitudes: { by: 'range', tests: [{ param: paramHash(type, param), anyOf: [bounds] }] },
    latitude,
    longitude,
    meters,
  }
}
