/** Reads one channel file: YAML 1.2, `${VARIABLES}` put in, checked against the schema, each problem with its line. */
import { type Document, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml'
import type { z } from 'zod'

import { type Channel, channelSchema } from './channel.ts'
import { type Presets, withPresets } from './presets.ts'

export interface Problem {
  readonly file: string
  readonly line: number
  /** Where in the file: `listen.port`; empty for the file as a whole. */
  readonly path: string
  readonly text: string
}

/** What `${NAME}` stands for. Only these names exist: a channel file can't read the environment. */
export type Variables = Readonly<Record<string, string | number>>

export function readChannel(
  file: string,
  text: string,
  variables: Variables,
  presets: Presets = new Map(),
): { channel: Channel } | { problems: readonly Problem[] } {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, merge: false, strict: true })
  const lineAt = (offset: number | undefined) => (offset === undefined ? 1 : lines.linePos(offset).line)

  const problems: Problem[] = document.errors.map((error) => ({
    file,
    line: lineAt(error.pos[0]),
    path: '',
    text: error.code.toLowerCase().replaceAll('_', ' '),
  }))
  if (problems.length > 0) return { problems }

  for (const { offset, text: what } of substitute(document, variables)) {
    problems.push({ file, line: lineAt(offset), path: '', text: what })
  }
  if (problems.length > 0) return { problems }

  const written: unknown = document.toJS()
  const settings = withPresets(written, presets)
  if (settings === undefined) {
    const text = `there is no such preset; there are: ${[...presets.keys()].join(', ') || 'none'}`
    return { problems: [{ file, line: lineAt(offsetOf(document, ['preset'])), path: 'preset', text }] }
  }
  const parsed = channelSchema.safeParse(settings)
  if (parsed.success) return { channel: parsed.data }
  const found = parsed.error.issues.flatMap(spread).map(({ path, message }) => {
    return { file, line: lineAt(offsetOf(document, path)), path: path.join('.'), text: message }
  })
  return { problems: found.toSorted((a, b) => a.line - b.line) }
}

/**
 * Puts the variables into scalars, after parsing: a value can't break out of its place. A scalar that is nothing but
 * one variable takes its type, so a port stays a number. Answers what can't be resolved.
 */
function substitute(
  document: Document,
  variables: Variables,
): { offset: number | undefined; text: string }[] {
  const unresolved: { offset: number | undefined; text: string }[] = []
  visit(document, {
    Alias(_key, alias) {
      unresolved.push({ offset: alias.range?.[0], text: 'aliases are not understood here' })
    },
    Scalar(_key, scalar) {
      if (typeof scalar.value !== 'string') return
      const whole = /^\$\{(\w+)\}$/.exec(scalar.value)?.[1]
      if (whole !== undefined && Object.hasOwn(variables, whole)) {
        scalar.value = variables[whole]!
        return
      }
      scalar.value = scalar.value.replaceAll(/\$\{(\w+)\}/g, (written, name: string) => {
        if (Object.hasOwn(variables, name)) return String(variables[name])
        unresolved.push({ offset: scalar.range?.[0], text: `there is no variable ${name}` })
        return written
      })
    },
  })
  return unresolved
}

type Path = readonly (string | number)[]

/** One finding for each unknown key, at the key; the others as they are. */
function spread(issue: z.core.$ZodIssue): readonly { path: Path; message: string }[] {
  const path = issue.path.map((step) => (typeof step === 'symbol' ? String(step) : step))
  if (issue.code !== 'unrecognized_keys') return [{ path, message: issue.message }]
  return issue.keys.map((key) => ({ path: [...path, key], message: 'there is no such setting' }))
}

/** Where a path begins in the text: at its key or item, or as near to it as the file goes. */
function offsetOf(document: Document, path: Path): number | undefined {
  for (let depth = path.length; depth > 0; depth -= 1) {
    const parent = depth === 1 ? document.contents : document.getIn(path.slice(0, depth - 1), true)
    const step = path[depth - 1]
    const node = isMap(parent)
      ? parent.items.find(({ key }) => isScalar(key) && key.value === step)?.key
      : isSeq(parent)
        ? parent.items[Number(step)]
        : undefined
    if (isNode(node)) return node.range?.[0]
  }
  return document.contents?.range?.[0]
}
