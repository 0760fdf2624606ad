/**
 * A dataset in the DICOM JSON model (PS3.18 Annex F): what is kept in the index, searched and mapped. Text is decoded,
 * empty elements are left out, bulk data is only pointed at.
 */
import { Tag, type TagName } from './tag.ts'

export interface PersonName {
  readonly Alphabetic?: string
  readonly Ideographic?: string
  readonly Phonetic?: string
}

export type ElementValue = string | number | PersonName | Dataset

export interface DatasetElement {
  readonly vr: string
  readonly Value?: readonly ElementValue[]
  /** Base64, for short binary values. */
  readonly InlineBinary?: string
  /** `bulk/{offset}/{length}`: where the value is in the encoded dataset. */
  readonly BulkDataURI?: string
}

/** Keys are eight upper-case hex digits, ascending. */
export interface Dataset {
  readonly [tag: string]: DatasetElement
}

/** The first value if it is text or a number, as trimmed text; undefined when missing or empty. */
export function textOf(dataset: Dataset | undefined, name: TagName): string | undefined {
  return textsOf(dataset, name)[0]
}

/** All values that are text or numbers and not empty. */
export function textsOf(dataset: Dataset | undefined, name: TagName): string[] {
  return valuesOf(dataset, name).flatMap((value) => {
    if (typeof value === 'object') return []
    const text = String(value).trim()
    return text === '' ? [] : [text]
  })
}

/** The items of a sequence. */
export function itemsOf(dataset: Dataset | undefined, name: TagName): Dataset[] {
  const element = dataset?.[Tag[name]]
  return element?.vr === 'SQ' ? ((element.Value ?? []) as Dataset[]) : []
}

/** The person names of an element. */
export function namesOf(dataset: Dataset | undefined, name: TagName): PersonName[] {
  const element = dataset?.[Tag[name]]
  return element?.vr === 'PN' ? ((element.Value ?? []) as PersonName[]) : []
}

function valuesOf(dataset: Dataset | undefined, name: TagName): readonly ElementValue[] {
  return dataset?.[Tag[name]]?.Value ?? []
}

/** The dataset with only these attributes. */
export function pick(dataset: Dataset, names: readonly TagName[]): Dataset {
  const entries = names.flatMap((name) => {
    const element = dataset[Tag[name]]
    return element === undefined ? [] : [[Tag[name], element] as const]
  })
  return Object.fromEntries(entries)
}
