/** The compiled mapping tables of config/mapping. They are checked against R4 here: a wrong row stops the start. */
import { join } from 'node:path'

import { type Channel, loadHl7Programs, makeHl7Transform, type Transform } from '../channels/index.ts'
import { makeElementTree } from '../fhir/index.ts'
import type { FhirParts } from './fhir-part.ts'

export async function loadHl7Transform(
  configDir: string,
  { definitions }: FhirParts,
  channels: readonly Channel[],
): Promise<Transform> {
  const folder = join(configDir, 'mapping')
  const { program, programs } = await loadHl7Programs({
    folder,
    tree: makeElementTree(definitions),
    channels,
  })
  return makeHl7Transform(program, programs)
}
