/** Where a Location is. https://hl7.org/fhir/R4/location.html#positional-searching */
import { digitsOf, type Emit, type EmitSpec, type Fields } from './emit.ts'

export function emitPosition({ param, type }: EmitSpec): Emit | undefined {
  if (type !== 'Location.position') return undefined
  return (value, into) => {
    const { latitude, longitude } = value as Fields
    const [lat, lon] = [Number(digitsOf(latitude)), Number(digitsOf(longitude))]
    if (Number.isFinite(lat) && Number.isFinite(lon))
      into.positions.push({ param, latitude: lat, longitude: lon })
  }
}
