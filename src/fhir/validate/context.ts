/** What one run of the validator carries along: where it is, what it found. */
import type { Issue } from '../../kernel/failure.ts'
import type { Json, JsonObject } from '../../kernel/json.ts'
import type { PathContext } from '../path/index.ts'

/** More would not help anybody, and an answer must stay small. */
const MAX_ISSUES = 100

export class ValidationContext implements PathContext {
  resource: JsonObject
  rootResource: JsonObject
  readonly issues: Issue[] = []
  /** FHIRPath steps from the resource to where the validator is; a number is an index. */
  readonly steps: (string | number)[] = []
  private readonly maxIssues: number
  /** By resource. */
  private readonly ids = new Map<JsonObject, Set<string>>()

  constructor(resource: JsonObject, maxIssues: number = MAX_ISSUES) {
    this.resource = resource
    this.rootResource = resource
    this.maxIssues = maxIssues
  }

  get full(): boolean {
    return this.issues.length >= this.maxIssues
  }

  /** "Unique id for the element within a resource"; and a contained resource's among the contained. */
  checkId(id: Json, ofResource: boolean): void {
    const isContained = this.steps.at(-2) === 'contained'
    if (typeof id !== 'string' || (ofResource && !isContained)) return
    const owner = ofResource ? this.rootResource : this.resource
    const known = this.ids.get(owner) ?? new Set()
    this.ids.set(owner, known)
    const key = ofResource ? `#${id}` : id
    if (known.has(key)) this.error('structure', 'Must be an id that nothing else in the resource has', 'id')
    known.add(key)
  }

  /** An error at the current place, or at a child of it. */
  error(type: string, diagnostics: string, child?: string): void {
    this.add({ severity: 'error', type, diagnostics }, child)
  }

  add(issue: Omit<Issue, 'expression'>, child?: string): void {
    if (this.full) return
    const place = child === undefined ? this.expression() : `${this.expression()}.${child}`
    this.issues.push({ ...issue, expression: [place] })
  }

  private expression(): string {
    let text = ''
    for (const step of this.steps) {
      if (typeof step === 'number') text += `[${step}]`
      else text += text === '' ? step : `.${step}`
    }
    return text
  }
}
