/** Which value representation an attribute has where the bytes don't say (implicit VR). PS3.6 §6, from the dictionary of dcmjs. */
import { data } from 'dcmjs'

const { dictionary } = data.DicomMetaDictionary

/**
 * The VR of a tag; `UN` where nobody knows. Where the standard leaves a choice (`US or SS`, `OB or OW`) the first,
 * which for numbers is right unless Pixel Representation says signed.
 */
export function vrOf(tag: string): string {
  if (tag.endsWith('0000')) return 'UL' // group length, PS3.5 §7.2
  const group = tag.slice(0, 4)
  const entry = dictionary[`(${group},${tag.slice(4)})`]
  if (entry !== undefined) return CHOICES[entry.vr] ?? entry.vr
  if (isPrivateGroup(group)) return isPrivateCreator(tag) ? 'LO' : 'UN'
  // Repeating groups 50xx and 60xx (PS3.5 §7.6) are listed once.
  const repeating = /^(50|60)/.exec(group)
  if (repeating !== null && group.slice(2) !== '00') return vrOf(`${repeating[1]}00${tag.slice(4)}`)
  return 'UN'
}

/** dcmjs writes a choice in lower case. */
const CHOICES: Readonly<Record<string, string>> = { ox: 'OW', lt: 'OW', xs: 'US', up: 'UL', na: 'UN' }

function isPrivateGroup(group: string): boolean {
  return (Number.parseInt(group, 16) & 1) === 1
}

/** (gggg,0010-00FF) of a private group names who owns a block of it. PS3.5 §7.8.1 */
function isPrivateCreator(tag: string): boolean {
  return /^00[1-9A-F]/.test(tag.slice(4))
}
