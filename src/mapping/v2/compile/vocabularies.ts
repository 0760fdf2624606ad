/** Vocabulary tables: v2 code → FHIR code. */
import type { Code, Vocabulary } from '../program.ts'
import type { Report } from './compile.ts'
import type { Table } from './tables.ts'

export function compileVocabularies(tables: readonly Table[], report: Report): Map<string, Vocabulary> {
  return new Map(
    tables.map(({ file, name, rows }) => {
      const codes = new Map<string, Code>()
      for (const row of rows) {
        const { code = '', target = '', system = '', display = '', table = '' } = row
        if (code === '' || target === '') report(file, code, 'a row needs a code and a target')
        if (system !== '' && !/^(https?|urn):/.test(system))
          report(file, code, `${system} is no URI of a code system`)
        codes.set(code, { code: target, system, display, table })
      }
      return [name, { name, codes, folded: fold(codes) }]
    }),
  )
}

function fold(codes: ReadonlyMap<string, Code>): Map<string, Code> {
  const folded = new Map<string, Code>()
  const ambiguous = new Set<string>()
  for (const [name, code] of codes) {
    const key = name.toUpperCase()
    if (folded.has(key)) ambiguous.add(key)
    folded.set(key, code)
  }
  for (const key of ambiguous) folded.delete(key)
  return folded
}
