/**
 * Tables → program. Every path, condition, table name and constant is checked here, against R4 and against each other;
 * a table that names something that does not exist is refused with its file and row, and nothing is left to find at run time.
 */
import type { ElementTree } from '../../../fhir/index.ts'
import { Failure, type Issue } from '../../../kernel/failure.ts'
import { makeOffsets, type OffsetAt } from '../run/dates.ts'
import { deepFreeze } from '../freeze.ts'
import { LanguageError } from '../language/tokens.ts'
import type { Program } from '../program.ts'
import { compileDefaults, compileDependences, compileRequirements } from './defaults.ts'
import { compileMaps } from './maps.ts'
import { compileStructures } from './structures.ts'
import { readTables, type MappingFiles } from './tables.ts'
import { compileVocabularies } from './vocabularies.ts'

/** Reports what is wrong with a row and goes on, so that one run shows every mistake. */
export type Report = (file: string, row: string, problem: string) => void

/** Runs a step of the compilation; a LanguageError in it becomes a problem of the row. */
export type Attempt = <T>(file: string, row: string, run: () => T) => T | undefined

export interface CompileOptions {
  /** Rows that replace those of the same id, and new ones, layer by layer: a preset's, then a channel's own. */
  readonly overrides?: readonly MappingFiles[]
}

/**
 * Compiles the mapping tables: file name inside config/mapping (`segments/PID.Patient.tsv`) → text.
 * @throws Failure `invalid`/`mapping-does-not-compile`, with an issue for each wrong row
 */
export function compileMapping(
  files: MappingFiles,
  tree: ElementTree,
  options: CompileOptions = {},
): Program {
  const issues: Issue[] = []
  const report: Report = (file, row, problem) => {
    issues.push({
      severity: 'error',
      type: 'structure',
      expression: [`${file}#${row}`],
      diagnostics: `${file}, row ${row}: ${problem}`,
    })
  }
  const attempt: Attempt = (file, row, run) => {
    try {
      return run()
    } catch (error) {
      if (!(error instanceof LanguageError)) throw error
      report(file, row, error.message)
      return undefined
    }
  }
  const tables = readTables(files, options.overrides, report)
  const vocabularies = compileVocabularies(tables.vocabulary, report)
  const switches = new Map(tables.switches.map((each) => [each.name, each]))
  const maps = compileMaps({ tables, tree, vocabularies, switches, attempt, report })
  const structures = compileStructures({ tables, tree, maps, switches, attempt, report })
  for (const [event, structure] of tables.events) {
    if (!structures.has(structure)) report('events.tsv', event, `there is no message table ${structure}`)
  }
  const defaults = compileDefaults(tables.defaults, tree, report)
  const required = compileRequirements(tables.required, tree, report)
  const dependent = compileDependences(tables.dependent, tree, report)
  if (issues.length > 0) {
    const first = issues[0]!.diagnostics
    throw new Failure('invalid', 'mapping-does-not-compile', { problems: issues.length, first }, { issues })
  }
  return deepFreeze({
    files: tables.files,
    ownRows: tables.ownRows,
    offsetsOf: memoized<OffsetAt>(makeOffsets),
    events: tables.events,
    structures,
    vocabularies,
    codeSystems: tables.codeSystems,
    switches,
    defaults,
    required,
    dependent,
    mandatoryIn: memoized(tree.mandatoryIn),
  })
}

/** Worked out once for each key: a message asks for the same few again and again. */
function memoized<T extends object>(make: (key: string) => T): (key: string) => T {
  const known = new Map<string, T>()
  return (key) => {
    const value = known.get(key) ?? make(key)
    known.set(key, value)
    return value
  }
}
