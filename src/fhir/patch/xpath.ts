/**
 * The XPath that selectors of XML Patch are written in: RFC 5261's subset of XPath 1.0, and beside it paths inside of
 * conditions, which FHIR needs because its values are attributes: `f:name[f:use/@value='official']`.
 * https://www.rfc-editor.org/rfc/rfc5261#section-4.1
 */
import { FHIR } from '../xml/index.ts'

export interface Step {
  /** `nothing`: text, comments and the like, of which FHIR has none. */
  readonly test: 'nothing' | NameTest
  readonly predicates: readonly Predicate[]
}

export interface NameTest {
  readonly of: 'element' | 'attribute'
  /** undefined: any. */
  readonly name?: string
  readonly namespace?: string
}

export type Predicate =
  | { readonly position: number | 'last' }
  /** Without `equals`: that there is one. */
  | { readonly path: readonly Step[]; readonly equals?: string }

/** What prefixes mean where the path stands; the empty one is the default. */
export type Namespaces = ReadonlyMap<string, string>

const MAX_LENGTH = 2000
/** Conditions in conditions. */
const MAX_DEPTH = 10

/** undefined: not a path that is understood here. */
export function parsePath(text: string, namespaces: Namespaces): readonly Step[] | undefined {
  if (text.length > MAX_LENGTH) return undefined
  try {
    return new PathParser(text, namespaces).whole()
  } catch (thrown) {
    if (thrown instanceof NotAPath) return undefined
    throw thrown
  }
}

class NotAPath extends Error {}

const NAME = /(?:([A-Za-z_][\w.-]*):)?([A-Za-z_][\w.-]*|\*)/y
const NOTHING =
  /(?:text|comment)\(\)|processing-instruction\((?:'[^']*'|"[^"]*")?\)|namespace::[A-Za-z_][\w.-]*|id\((?:'[^']*'|"[^"]*")\)/y
const POSITION = /\s*(?:position\(\)\s*=\s*)?(\d{1,9})\s*(?=\])/y
const LAST = /\s*(?:position\(\)\s*=\s*)?last\(\)\s*(?=\])/y
const LITERAL = /\s*=\s*(?:'([^']*)'|"([^"]*)"|(-?\d+(?:\.\d+)?))\s*/y
const AND = /\s*\band\s+/y

class PathParser {
  private at = 0
  private depth = 0
  private readonly text: string
  private readonly namespaces: Namespaces

  constructor(text: string, namespaces: Namespaces) {
    this.text = text.trim()
    this.namespaces = namespaces
  }

  whole(): Step[] {
    this.eat(/\//y)
    const steps = this.steps()
    if (this.at < this.text.length) throw new NotAPath()
    return steps
  }

  private steps(): Step[] {
    const steps = [this.step()]
    while (this.eat(/\//y)) {
      if (!isElement(steps.at(-1)!)) throw new NotAPath()
      steps.push(this.step())
    }
    return steps
  }

  private step(): Step {
    const test = this.eat(NOTHING) ? 'nothing' : this.nameTest()
    const predicates: Predicate[] = []
    while (this.eat(/\s*\[/y)) {
      if (++this.depth > MAX_DEPTH) throw new NotAPath()
      predicates.push(...this.conditions())
      if (!this.eat(/\s*\]/y)) throw new NotAPath()
      this.depth--
    }
    return { test, predicates }
  }

  /** RFC 5261 §4.2.1: a name without a prefix is of the default namespace, if there is one; a resource has but FHIR's. */
  private nameTest(): NameTest {
    const of = this.eat(/@|attribute::/y) ? 'attribute' : 'element'
    if (of === 'element') this.eat(/child::/y)
    const found = this.eat(NAME)
    if (found === undefined) throw new NotAPath()
    const [, prefix, name] = found
    if (prefix === undefined && name === '*') return { of }
    const unprefixed = of === 'attribute' ? '' : this.namespaces.get('') || FHIR
    const namespace = prefix === undefined ? unprefixed : this.namespaces.get(prefix)
    if (namespace === undefined) throw new NotAPath()
    return name === '*' ? { of, namespace } : { of, namespace, name: name! }
  }

  /** Those that `and` joins, which are the same as one after the other. */
  private conditions(): Predicate[] {
    const position = this.eat(POSITION)?.[1]
    if (position !== undefined) return [{ position: Number(position) }]
    if (this.eat(LAST)) return [{ position: 'last' }]
    const conditions = [this.condition()]
    while (this.eat(AND)) conditions.push(this.condition())
    return conditions
  }

  private condition(): Predicate {
    this.eat(/\s*/y)
    const path = this.eat(/\.(?!\w)/y) ? [] : this.steps()
    const literal = this.eat(LITERAL)
    if (literal === undefined) return { path }
    return { path, equals: literal[1] ?? literal[2] ?? literal[3]! }
  }

  private eat(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.at
    const found = pattern.exec(this.text)
    if (found) this.at = pattern.lastIndex
    return found ?? undefined
  }
}

function isElement({ test }: Step): boolean {
  return test !== 'nothing' && test.of === 'element'
}
