/**
 * One parameter of a query as a criterion: `name`, `name:modifier`, a chain, `_has`.
 * https://hl7.org/fhir/R4/search.html#modifiers, #chaining, #has
 */
import { Failure } from '../../kernel/failure.ts'
import type { Definitions } from '../definitions/index.ts'
import { isTooMany, STEPS_OF_VALUE } from './budget.ts'
import { splitValue } from './escape.ts'
import type { SearchParserDeps } from './parse.ts'
import { parseValue, type ValueContext, type WantedValue } from './parse-value.ts'
import type { SearchParameter } from './parameters.ts'
import type { Criterion, Modifier, ParameterCriterion } from './request.ts'
import { withVersions } from './uri-versions.ts'
import { searchFailure } from './search-failure.ts'

export interface CriterionParser {
  /** @throws Failure `invalid`/`search-…` */
  parse(type: string, name: string, text: string, context: ValueContext): Criterion
  /** The parameter of this name, for who combines criteria of his own. */
  parameter(type: string, code: string, name: string): SearchParameter
  /** What `_has:Observation:patient:code` names: who refers, by which parameter, and what is asked of them. */
  reverse(target: string, name: string): { type: string; param: SearchParameter; rest: string }
}

/** Deeper chains are a mistake or an attack. */
const MAX_DEPTH = 8

export function makeCriterionParser({
  definitions,
  parameters,
  supported,
}: SearchParserDeps): CriterionParser {
  function parameter(type: string, code: string, name: string): SearchParameter {
    const param = parameters.of(type).get(code)
    if (!param || param.expression === undefined) throw searchFailure('search-parameter', name)
    return param
  }

  function parse(type: string, name: string, text: string, context: ValueContext, depth: number): Criterion {
    if (depth > MAX_DEPTH) throw searchFailure('search-chain', name)
    context.budget.spend(1, name)
    if (name.startsWith('_has:')) return parseHas(type, name, text, context, depth)
    if (name === '_type' && depth > 0) return ofType(type, text, definitions)
    const dot = name.indexOf('.')
    if (dot >= 0) return parseChain(type, name.slice(0, dot), name.slice(dot + 1), text, context, depth)
    return withVersions(parseParameter(type, name, text, context), parameters.of(type).get('version'))
  }

  function reverse(target: string, name: string): { type: string; param: SearchParameter; rest: string } {
    const [, type = '', code = '', ...rest] = name.split(':')
    if (rest.length === 0 || !definitions.isResourceType(type)) throw searchFailure('search-chain', name)
    const param = parameter(type, code, name)
    if (param.type !== 'reference') throw searchFailure('search-chain', name)
    if (!targetsOf(param, definitions).includes(target)) throw searchFailure('search-reference-type', name)
    return { type, param, rest: rest.join(':') }
  }

  /** `_has:Observation:patient:code`; what follows may be a chain or another _has. */
  function parseHas(
    target: string,
    name: string,
    text: string,
    context: ValueContext,
    depth: number,
  ): Criterion {
    const { type, param, rest } = reverse(target, name)
    return { by: 'has', type, param, criterion: parse(type, rest, text, context, depth + 1) }
  }

  function parseChain(
    type: string,
    link: string,
    rest: string,
    text: string,
    context: ValueContext,
    depth: number,
  ): Criterion {
    const name = `${link}.${rest}`
    const [code = '', targetType, ...more] = link.split(':')
    const param = parameter(type, code, name)
    if (param.type !== 'reference' || more.length > 0) throw searchFailure('search-chain', name)
    if (targetType !== undefined && referenceTypeOf(targetType, param, definitions) === undefined)
      throw searchFailure('search-chain', name)
    const allowed = targetType !== undefined ? [targetType] : targetsOf(param, definitions)
    const targets: { type: string; criterion: Criterion }[] = []
    let problem: unknown
    for (const target of allowed) {
      try {
        targets.push({ type: target, criterion: parse(target, rest, text, context, depth + 1) })
      } catch (error) {
        // Of the types that it may point to, those that have the parameter are meant. What is wrong with a value that
        // one of them takes is what the client wants to know.
        if (!(error instanceof Failure) || isTooMany(error)) throw error
        problem = problem instanceof Failure && problem.code !== 'search-parameter' ? problem : error
      }
    }
    if (targets.length === 0) throw problem ?? searchFailure('search-chain', name)
    return { by: 'chain', param, targets }
  }

  function parseParameter(
    type: string,
    name: string,
    text: string,
    context: ValueContext,
  ): ParameterCriterion {
    const [code = '', modifierText, ...more] = name.split(':')
    const param = parameter(type, code, name)
    const kind = supported.kinds[param.type]
    if (!kind) throw searchFailure('search-parameter-unsupported', name)
    if (more.length > 0) throw searchFailure('search-modifier', name)
    const targetType = referenceTypeOf(modifierText, param, definitions)
    const modifier = targetType === undefined ? (modifierText as Modifier | undefined) : undefined
    if (modifier !== undefined && !(kind.modifiers.includes(modifier) && allows(param, modifier)))
      throw searchFailure('search-modifier', name)
    if (modifier === 'missing') {
      if (text !== 'true' && text !== 'false') throw searchFailure('search-boolean', name)
      return { by: 'parameter', param, modifier, values: [], missing: text === 'true' }
    }
    const texts = splitValue(text, ',').filter((each) => each !== '')
    if (texts.length > supported.maxValues) {
      throw searchFailure('search-values-too-many', code, { max: supported.maxValues })
    }
    context.budget.spend(texts.length * STEPS_OF_VALUE, name)
    const wanted: WantedValue = {
      param,
      modifier,
      targetType,
      prefixes: kind.prefixes,
      supported,
      parameters,
    }
    return {
      by: 'parameter',
      param,
      modifier,
      values: texts.map((each) => parseValue(each, wanted, context)),
    }
  }

  /**
   * "The modifier :below is used with canonical references", and ":identifier … is not supported on canonical elements".
   * An id is a token that has neither system nor display.
   */
  function allows(param: SearchParameter, modifier: Modifier): boolean {
    if (param.code === '_id') return modifier === 'missing' || modifier === 'not'
    if (param.type !== 'reference' || (modifier !== 'below' && modifier !== 'identifier')) return true
    return parameters.places(param).isCanonical === (modifier === 'below')
  }

  return { parse: (type, name, text, context) => parse(type, name, text, context, 0), parameter, reverse }
}

/** `subject:Patient._type=Patient`: what is meant has a type, which is the one or isn't. */
function ofType(type: string, text: string, definitions: Definitions): Criterion {
  const types = text.split(',')
  if (!types.every((one) => definitions.isResourceType(one))) throw searchFailure('search-type', '_type')
  return { by: types.includes(type) ? 'all' : 'any', of: [] }
}

function targetsOf(param: SearchParameter, definitions: Definitions): readonly string[] {
  return param.targets.length > 0 ? param.targets : definitions.resourceTypes
}

/** `subject:Patient`: a resource type as the modifier of a reference. https://hl7.org/fhir/R4/search.html#reference */
function referenceTypeOf(
  modifier: string | undefined,
  param: SearchParameter,
  definitions: Definitions,
): string | undefined {
  const isType = modifier !== undefined && param.type === 'reference' && definitions.isResourceType(modifier)
  if (!isType) return undefined
  if (param.targets.length > 0 && !param.targets.includes(modifier)) {
    throw searchFailure('search-reference-type', `${param.code}:${modifier}`)
  }
  return modifier
}
