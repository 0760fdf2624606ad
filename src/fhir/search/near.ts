/** `near=latitude|longitude|distance|units`. https://hl7.org/fhir/R4/location.html#positional-searching */
import type { NearValue } from './request.ts'
import { searchFailure } from './search-failure.ts'

/** "If the distance is omitted, then the server can use its own discretion". */
const DEFAULT_METERS = 10_000

/** UCUM codes of lengths, and what people write for them. "If the units are omitted, then kms should be assumed." */
const METERS: Readonly<Record<string, number>> = {
  '': 1000,
  km: 1000,
  kms: 1000,
  m: 1,
  '[mi_i]': 1609.344,
  '[mi_us]': 1609.347,
  mi: 1609.344,
  '[ft_i]': 0.3048,
}

/** @throws Failure `invalid`/`search-near` */
export function parseNear(parts: readonly string[]): NearValue {
  const [latitude, longitude, distance = '', unit = ''] = parts
  const [lat, lon] = [numberIn(latitude), numberIn(longitude)]
  const perUnit = Object.hasOwn(METERS, unit) ? METERS[unit]! : Number.NaN
  const meters = distance === '' ? DEFAULT_METERS : numberIn(distance) * perUnit
  const fits = Math.abs(lat) <= 90 && Math.abs(lon) <= 180 && meters >= 0 && Number.isFinite(meters)
  if (parts.length > 4 || !fits) throw searchFailure('search-near', 'near')
  return { kind: 'near', latitude: lat, longitude: lon, meters }
}

function numberIn(text: string | undefined): number {
  return text !== undefined && /^[+-]?\d{1,15}(?:\.\d{1,15})?$/.test(text) ? Number(text) : Number.NaN
}
