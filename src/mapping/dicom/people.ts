/** Physicians, operators and equipment as references: by identifier where there is one, else by name only. */
import { type Dataset, itemsOf, namesOf, type TagName, textOf } from '../../dicom/index.ts'
import type { JsonObject } from '../../kernel/json.ts'
import { codingsOf } from './coding.ts'
import type { DicomMappingContext } from './context.ts'
import { displayName } from './name.ts'

/** The people of a name attribute; the items of the identification sequence stand in the same order. PS3.3 §10.1 */
export function practitioners(
  dataset: Dataset,
  names: TagName,
  identification: TagName,
  context: DicomMappingContext,
): JsonObject[] {
  const items = itemsOf(dataset, identification)
  const people = namesOf(dataset, names)
  return Array.from({ length: Math.max(people.length, items.length) }, (_, index) => {
    const display = people[index] && displayName(people[index])
    const [coding] = codingsOf(items[index], 'PersonIdentificationCodeSequence', [], context)
    const identifier = coding && personIdentifier(coding)
    return {
      ...((identifier ?? display) !== undefined && { type: 'Practitioner' }),
      ...(identifier !== undefined && { identifier }),
      ...(display !== undefined && { display }),
    }
  }).filter((reference) => Object.keys(reference).length > 0)
}

/** (0040,1101) is a code sequence, but its code is an identifier and its scheme says who issued it. */
function personIdentifier({ system, code }: JsonObject): JsonObject | undefined {
  if (code === undefined) return undefined
  return { ...(system !== undefined && { system }), value: code }
}

/** The machine that acquired a series: by serial number where it has one. PS3.3 §C.7.5.1 */
export function equipment(dataset: Dataset): JsonObject | undefined {
  const manufacturer = textOf(dataset, 'Manufacturer')
  const model = textOf(dataset, 'ManufacturerModelName')
  const station = textOf(dataset, 'StationName')
  const serial = textOf(dataset, 'DeviceSerialNumber')
  const display = [manufacturer, model, station && `(${station})`]
    .filter((part) => part !== undefined)
    .join(' ')
  if (display === '' && serial === undefined) return undefined
  return {
    type: 'Device',
    // A serial number is unique for its manufacturer only.
    ...(serial !== undefined &&
      manufacturer !== undefined && {
        identifier: {
          type: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code: 'SNO' }] },
          system: `urn:passerelle:serial:${encodeURIComponent(manufacturer)}`,
          value: serial,
        },
      }),
    ...(display !== '' && { display }),
  }
}
