/** A tag that composes SQL from fragments: a fragment is spliced in, anything else becomes a parameter. */
import type { Statement } from '../statement.ts'

export interface Sql {
  readonly texts: readonly string[]
  readonly values: readonly unknown[]
}

export function sql(texts: TemplateStringsArray, ...args: readonly unknown[]): Sql {
  return splice(texts, args)
}

/** Fragments with a separator between them; `empty` when there are none. */
export function join(
  fragments: readonly Sql[],
  separator: ' and ' | ' or ' | ' && ' | ' || ' | ', ' | ' union all ',
  empty: Sql,
): Sql {
  if (fragments.length === 0) return empty
  const texts = ['', ...Array.from({ length: fragments.length - 1 }, () => separator), '']
  return splice(texts, fragments)
}

/** All of the tests hold. */
export function all(tests: readonly Sql[]): Sql {
  return tests.length === 0 ? sql`true` : sql`(${join(tests, ' and ', sql`true`)})`
}

/** One of the tests holds. */
export function either(tests: readonly Sql[]): Sql {
  return sql`(${join(tests, ' or ', sql`false`)})`
}

/** An array literal of numbers. */
export function arrayOf(numbers: readonly (string | number)[]): string {
  return `{${numbers.join(',')}}`
}

/** Names and keywords that are ours, never a caller's. */
export function verbatim(text: string): Sql {
  return { texts: [text], values: [] }
}

export function toStatement(fragment: Sql): Statement {
  const [first, ...rest] = fragment.texts
  return { text: rest.reduce((text, part, i) => `${text}$${i + 1}${part}`, first!), values: fragment.values }
}

/**
 * Names the statements of the shapes that searches have, so that each is planned once a connection and not each time:
 * planning costs as much as many searches do. Shapes beyond `max` stay without a name, since a connection keeps every
 * one that it has met.
 */
export function makeStatementNames(max: number): (fragment: Sql) => Statement {
  const known = new Map<string, string>()
  return (fragment) => {
    const statement = toStatement(fragment)
    // A shape that has many places will hardly come again, and every connection would keep its text.
    if (statement.values.length > MAX_VALUES) return statement
    let name = known.get(statement.text)
    if (name === undefined) {
      if (known.size >= max) return statement
      name = `search-${known.size}`
      known.set(statement.text, name)
    }
    return { ...statement, name }
  }
}

const MAX_VALUES = 200

function splice(texts: readonly string[], args: readonly unknown[]): Sql {
  const outTexts = [texts[0]!]
  const values: unknown[] = []
  args.forEach((arg, i) => {
    const after = texts[i + 1]!
    if (isSql(arg)) {
      outTexts[outTexts.length - 1] += arg.texts[0]!
      outTexts.push(...arg.texts.slice(1))
      values.push(...arg.values)
      outTexts[outTexts.length - 1] += after
    } else {
      values.push(arg)
      outTexts.push(after)
    }
  })
  return { texts: outTexts, values }
}

function isSql(value: unknown): value is Sql {
  return typeof value === 'object' && value !== null && 'texts' in value && 'values' in value
}
