/** The compiled mapping tables of config/mapping. They are checked against R4 here: a wrong row stops the start. */
import { join } from 'node:path'

import { makeHl7Transform, type Transform } from '../channels/index.ts'
import { makeElementTree } from '../fhir/index.ts'
import { compileMapping, readMappingFiles } from '../mapping/index.ts'
import type { FhirParts } from './fhir-part.ts'

export async function loadHl7Transform(configDir: string, { definitions }: FhirParts): Promise<Transform> {
  const files = await readMappingFiles(join(configDir, 'mapping'))
  return makeHl7Transform(compileMapping(files, makeElementTree(definitions)))
}
