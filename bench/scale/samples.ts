/** The Synthea patients that are multiplied: a file with one transaction Bundle a line, gzipped. */
import { existsSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'

import type { JsonObject } from '../../src/kernel/json.ts'
import { makeTemplate, type Template } from './template.ts'

/** One patient's record: everything that refers to each other. */
export interface Sample {
  readonly templates: readonly Template[]
}

interface SampleBundle {
  readonly entry: readonly { readonly resource: JsonObject }[]
}

const FILE = new URL('../../../shared/fhir-samples/synthea/patients-100.bundles.ndjson.gz', import.meta.url)

/** `BENCH_SYNTHEA` names another file. */
export function readSamples(): Sample[] {
  const file = process.env['BENCH_SYNTHEA'] ?? FILE
  if (!existsSync(file)) throw new Error('no Synthea bundles: name the file in BENCH_SYNTHEA')
  const lines = gunzipSync(readFileSync(file)).toString('utf8').trim().split('\n')
  return lines.map((line) => makeSample(JSON.parse(line) as SampleBundle))
}

function makeSample({ entry }: SampleBundle): Sample {
  const types = new Map(
    entry.map(({ resource }) => [resource['id'] as string, resource['resourceType'] as string]),
  )
  const indexes = new Map<string, number>()
  const ids = {
    indexOf(id: string) {
      let index = indexes.get(id)
      if (index === undefined) indexes.set(id, (index = indexes.size))
      return index
    },
    typeOf: (id: string) => types.get(id),
  }
  return { templates: entry.map(({ resource }) => makeTemplate(resource, ids)) }
}
