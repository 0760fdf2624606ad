/** The restricted FHIRPath of discriminators. https://hl7.org/fhir/R4/profiling.html#discriminator */
import { isObject } from '../../kernel/json.ts'
import { fitsType } from './fits.ts'
import type { ElementNode } from './element.ts'
import type { Instance } from './instance.ts'
import { resolveReference } from './references.ts'
import type { ProfileRun } from './run.ts'
import { parseCanonical } from '../terminology/index.ts'

export type PathStep =
  | { readonly to: 'child'; readonly name: string }
  | { readonly to: 'extension'; readonly url: string }
  | { readonly to: 'target' }
  | { readonly to: 'type'; readonly type: string }

const STEP =
  /(?:(\$this)|(resolve)\(\)|ofType\(\s*([\w.]+)\s*\)|extension\(\s*(?:'([^']*)'|"([^"]*)")\s*\)|([A-Za-z]\w*)(?:\[x\])?)(?:\.|$)/y

/** undefined for what is no such path. */
export function parseDiscriminatorPath(path: string): PathStep[] | undefined {
  const steps: PathStep[] = []
  let at = 0
  while (at < path.length) {
    STEP.lastIndex = at
    const match = STEP.exec(path)
    if (!match) return undefined
    const [text, self, resolve, type, single, double, name] = match
    if (resolve !== undefined) steps.push({ to: 'target' })
    else if (type !== undefined) steps.push({ to: 'type', type: type.slice(type.lastIndexOf('.') + 1) })
    else if (single !== undefined || double !== undefined)
      steps.push({ to: 'extension', url: (single ?? double)! })
    else if (self === undefined) steps.push({ to: 'child', name: name! })
    at += text.length
  }
  return steps
}

/** What is at the path in a value. */
export function instancesAt(from: Instance, steps: readonly PathStep[], run: ProfileRun): Instance[] {
  return steps.reduce((found, step) => found.flatMap((each) => stepInto(each, step, run)), [from])
}

function stepInto(instance: Instance, step: PathStep, run: ProfileRun): Instance[] {
  const { navigator, definitions } = run.world
  switch (step.to) {
    case 'child':
      return navigator.children(instance, step.name)
    case 'extension':
      return navigator
        .children(instance, 'extension')
        .filter(({ value }) => isObject(value) && value.url === step.url)
    case 'type':
      return fitsType(definitions, instance.type, step.type) ? [instance] : []
    case 'target': {
      const target = resolveReference(instance, run)
      return target ? [target] : []
    }
  }
}

/** What the profile says of what is at the path, itself or by the profiles that it names on the way. */
export function nodesAt(from: ElementNode, steps: readonly PathStep[], run: ProfileRun): ElementNode[] {
  return steps.reduce(
    (found, step) => found.flatMap((node) => stepDown(node, step, run)),
    [from, ...rootsOf(from, run)],
  )
}

function stepDown(node: ElementNode, step: PathStep, run: ProfileRun): ElementNode[] {
  const found = matching(node, step, run)
  return [...found, ...found.flatMap((each) => rootsOf(each, run))]
}

function matching(node: ElementNode, step: PathStep, run: ProfileRun): ElementNode[] {
  switch (step.to) {
    case 'child': {
      const child = node.children.get(step.name)
      return child ? withNeededSlices(child) : []
    }
    case 'extension': {
      const slices = node.children.get('extension')?.slices.values() ?? []
      return [...slices].filter((slice) => extensionUrl(slice) === step.url)
    }
    case 'type': {
      const slices = [...node.slices.values()].filter(({ rules }) => isOnly(rules.types, step.type))
      return slices.length > 0 ? slices : [node]
    }
    case 'target':
      return (node.rules.types ?? []).flatMap(({ targets }) =>
        targets.flatMap((url) => run.profile(url, '')?.root ?? []),
      )
  }
}

/** An element, and those of its slices that must be there: `code.coding` may be fixed by a slice of the codings. */
export function withNeededSlices(node: ElementNode): ElementNode[] {
  return [node, ...[...node.slices.values()].filter(({ rules }) => (rules.min ?? 0) > 0)]
}

function isOnly(types: ElementNode['rules']['types'], code: string): boolean {
  return types?.length === 1 && types[0]!.code === code
}

/** The url of the extension that a slice is for: what it fixes, else the canonical of its definition. */
export function extensionUrl({ rules, children }: ElementNode): string | undefined {
  const fixed = children.get('url')?.rules.fixed
  if (typeof fixed === 'string') return fixed
  const profile = rules.types?.[0]?.profiles[0]
  return profile === undefined ? undefined : parseCanonical(profile).url
}

/** Of the profile of its type, where there is only one. */
function rootsOf({ rules }: ElementNode, run: ProfileRun): ElementNode[] {
  const [only, ...others] = rules.types?.flatMap(({ profiles }) => profiles) ?? []
  if (only === undefined || others.length > 0) return []
  const profile = run.profile(only, '')
  return profile ? [profile.root] : []
}
