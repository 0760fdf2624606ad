/**
 * `_filter`: an expression of comparisons, and, or, not, and brackets. https://hl7.org/fhir/R4/search_filter.html
 * "Logical expressions are evaluated left to right, with no precedence between and and or."
 */
import { isTooMany, tooMany } from './budget.ts'
import type { CriterionParser } from './parse-criterion.ts'
import { filterTokens, type FilterToken } from './filter-tokens.ts'
import { comparison } from './filter-comparison.ts'
import type { SearchParserDeps } from './parse.ts'
import type { ValueContext } from './parse-value.ts'
import type { Criterion } from './request.ts'
import { searchFailure } from './search-failure.ts'

export interface FilterParser {
  /** @throws Failure `invalid`/`search-filter` and what the comparisons' values raise */
  parse(type: string, text: string, context: ValueContext): Criterion
}

const MAX_DEPTH = 50
/** More are more tests than a search may have. */
const MAX_TOKENS = 5000

export function makeFilterParser(criteria: CriterionParser, deps: SearchParserDeps): FilterParser {
  return {
    parse(type, text, context) {
      const tokens = filterTokens(text)
      if (tokens.length > MAX_TOKENS) throw tooMany('_filter')
      let at = 0
      const peek = (): FilterToken | undefined => tokens[at]
      const isWord = (word: string) => {
        const next = peek()
        return next?.kind === 'word' && next.text === word
      }
      const take = (): FilterToken => {
        const token = tokens[at++]
        if (!token) throw refuse()
        return token
      }
      const expect = (kind: FilterToken['kind']): FilterToken => {
        const token = take()
        if (token.kind !== kind) throw refuse()
        return token
      }

      function logical(base: string, depth: number): Criterion {
        if (depth > MAX_DEPTH) throw refuse()
        let left = one(base, depth)
        while (isWord('and') || isWord('or')) {
          const by = take().text === 'and' ? 'all' : 'any'
          const right = one(base, depth)
          left = left.by === by ? { by, of: [...left.of, right] } : { by, of: [left, right] }
        }
        return left
      }

      function one(base: string, depth: number): Criterion {
        if (isWord('not') && tokens[at + 1]?.kind === '(') {
          at++
          return { by: 'not', of: one(base, depth) }
        }
        if (peek()?.kind === '(') {
          at++
          const inner = logical(base, depth + 1)
          expect(')')
          return inner
        }
        return path(base, expect('word').text, depth)
      }

      /** `subject[active eq true].name co "x"`: each step but the last is a reference to what the rest speaks of. */
      function path(base: string, name: string, depth: number): Criterion {
        context.budget.spend(1, '_filter')
        if (name.startsWith('_has:')) return reverse(base, name, depth)
        const dot = name.indexOf('.')
        const [step, rest] = dot < 0 ? [name, undefined] : [name.slice(0, dot), name.slice(dot + 1)]
        if (rest === undefined && peek()?.kind !== '[') return compared(base, step)
        const start = at
        const end = { at: start }
        const targets: { type: string; criterion: Criterion }[] = []
        let problem: unknown
        const [code = '', only] = step.split(':')
        const param = criteria.parameter(base, code, step)
        if (param.type !== 'reference') throw refuse()
        const types =
          only !== undefined
            ? [only]
            : param.targets.length > 0
              ? param.targets
              : deps.definitions.resourceTypes
        for (const type of types) {
          at = start
          try {
            targets.push({ type, criterion: linked(type, rest, depth + 1) })
            end.at = at
          } catch (error) {
            if (isTooMany(error)) throw error
            problem ??= error
          }
        }
        if (targets.length === 0) throw problem ?? refuse()
        at = end.at
        return { by: 'chain', param, targets }
      }

      /** `_has:Observation:patient:code eq x` */
      function reverse(base: string, name: string, depth: number): Criterion {
        if (depth > MAX_DEPTH) throw refuse()
        const { type, param, rest } = criteria.reverse(base, name)
        return { by: 'has', type, param, criterion: path(type, rest, depth + 1) }
      }

      function linked(type: string, rest: string | undefined, depth: number): Criterion {
        if (depth > MAX_DEPTH) throw refuse()
        if (rest !== undefined) return path(type, rest, depth)
        expect('[')
        const condition = logical(type, depth)
        expect(']')
        const after = expect('word').text
        if (!after.startsWith('.')) throw refuse()
        return { by: 'all', of: [condition, path(type, after.slice(1), depth)] }
      }

      function compared(base: string, name: string): Criterion {
        const operator = expect('word').text
        const value = take()
        if (value.kind !== 'word' && value.kind !== 'text') throw refuse()
        return comparison(criteria, base, name, operator, value, context)
      }

      const found = logical(type, 0)
      if (at < tokens.length) throw refuse()
      return found
    },
  }
}

function refuse() {
  return searchFailure('search-filter', '_filter')
}
