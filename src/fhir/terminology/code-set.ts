/**
 * Sets of codes as an algebra: what value sets are put together from. A set may be known only in part, so whether a code
 * is in it has three answers, and not every set can be listed.
 */
import type { Failure } from '../../kernel/failure.ts'
import { type Limits, tooCostly } from './budget.ts'
import type { CodeSystem } from './code-system.ts'
import type { Coding, Verdict } from './coding.ts'

export interface CodeSet {
  /** `system` undefined: the code in any system, as for elements of type code. */
  contains(system: string | undefined, code: string): Verdict
  /** Some may come twice. @throws Failure when it can't be listed: part of it is unknown */
  codings(): Iterable<Coding>
}

export function listedCodes(codings: Iterable<Coding>): CodeSet {
  const bySystem = new Map<string, Set<string>>()
  for (const { system, code } of codings) {
    const codes = bySystem.get(system)
    if (codes === undefined) bySystem.set(system, new Set([code]))
    else codes.add(code)
  }
  const has = (system: string | undefined, code: string): boolean =>
    system === undefined
      ? bySystem.values().some((codes) => codes.has(code))
      : bySystem.get(system)?.has(code) === true
  return {
    contains: (system, code) => (has(system, code) ? 'yes' : 'no'),
    *codings() {
      for (const [system, codes] of bySystem) for (const code of codes) yield { system, code }
    },
  }
}

/** @param selected codes of the system; undefined: all */
export function systemCodes(system: CodeSystem, selected?: ReadonlySet<string>): CodeSet {
  return {
    contains(url, code) {
      if (url !== undefined && url !== system.url) return 'no'
      const concept = system.concept(code)
      if (concept === undefined) return system.complete ? 'no' : 'unknown'
      return selected === undefined || selected.has(concept.code) ? 'yes' : 'no'
    },
    *codings() {
      for (const { code } of system.concepts()) {
        if (selected === undefined || selected.has(code)) yield { system: system.url, code }
      }
    },
  }
}

/** What is not known, and why. @param system of all its codes, where that much is known */
export function unknownCodes(why: Failure, system?: string): CodeSet {
  return {
    contains: (url) => (url !== undefined && system !== undefined && url !== system ? 'no' : 'unknown'),
    codings() {
      throw why
    },
  }
}

export function union(sets: readonly CodeSet[]): CodeSet {
  if (sets.length === 1) return sets[0]!
  return {
    contains(system, code) {
      let verdict: Verdict = 'no'
      for (const set of sets) {
        const one = set.contains(system, code)
        if (one === 'yes') return 'yes'
        if (one === 'unknown') verdict = 'unknown'
      }
      return verdict
    },
    *codings() {
      for (const set of sets) yield* set.codings()
    },
  }
}

export function intersection(sets: readonly CodeSet[]): CodeSet {
  if (sets.length === 1) return sets[0]!
  return {
    contains(system, code) {
      let verdict: Verdict = 'yes'
      for (const set of sets) {
        const one = set.contains(system, code)
        if (one === 'no') return 'no'
        if (one === 'unknown') verdict = 'unknown'
      }
      return verdict
    },
    /** From the first set that can be listed: SNOMED CT as a whole can't, what a value set names of it can. */
    codings() {
      let why: unknown
      for (const set of sets) {
        const others = sets.filter((other) => other !== set)
        try {
          return [...passing(set, intersection(others), 'yes')]
        } catch (thrown) {
          why ??= thrown
        }
      }
      throw why
    },
  }
}

export function difference(all: CodeSet, without: CodeSet): CodeSet {
  return {
    contains(system, code) {
      const included = all.contains(system, code)
      if (included === 'no') return 'no'
      const excluded = without.contains(system, code)
      if (excluded === 'yes') return 'no'
      return excluded === 'unknown' ? 'unknown' : included
    },
    codings: () => passing(all, without, 'no'),
  }
}

/** Only what this says. It must be about codes that can be listed. */
export function restricted(set: CodeSet, keeps: (coding: Coding) => boolean): CodeSet {
  return {
    contains(system, code) {
      const verdict = set.contains(system, code)
      return verdict === 'yes' && system !== undefined && !keeps({ system, code }) ? 'no' : verdict
    },
    *codings() {
      for (const coding of set.codings()) if (keeps(coding)) yield coding
    },
  }
}

/**
 * One value set: what its composition says, else what its publisher's expansion says. Remembers its list, and the last
 * answer: one question may come to it by thousands of ways, when value sets are drawn in by several others.
 */
export function valueSetCodes(composed: CodeSet, expanded: CodeSet | undefined, limits: Limits): CodeSet {
  let list: readonly Coding[] | undefined
  let failure: unknown
  let last: { system: string | undefined; code: string; verdict: Verdict } | undefined
  return {
    contains(system, code) {
      if (last?.system !== system || last?.code !== code) {
        let verdict = composed.contains(system, code)
        if (verdict === 'unknown' && expanded !== undefined) verdict = expanded.contains(system, code)
        last = { system, code, verdict }
      }
      return last.verdict
    },
    codings() {
      if (failure !== undefined) throw failure
      try {
        return (list ??= listed(composed, expanded, limits))
      } catch (thrown) {
        failure = thrown
        throw thrown
      }
    },
  }
}

function listed(composed: CodeSet, expanded: CodeSet | undefined, limits: Limits): readonly Coding[] {
  try {
    return distinct(composed, limits)
  } catch (thrown) {
    if (expanded === undefined) throw thrown
    return distinct(expanded, limits)
  }
}

function distinct(set: CodeSet, limits: Limits): readonly Coding[] {
  const found = new Map<string, Coding>()
  for (const coding of set.codings()) {
    found.set(`${coding.system}|${coding.code}`, coding)
    if (found.size > limits.codes) throw tooCostly(limits)
  }
  return [...found.values()]
}

/** The codes of a set that the other one says `wanted` of. Where that can't be told the list would be wrong. */
function* passing(set: CodeSet, other: CodeSet, wanted: 'yes' | 'no'): Generator<Coding> {
  let isWhole = false
  for (const coding of set.codings()) {
    const verdict = other.contains(coding.system, coding.code)
    if (verdict === 'unknown' && !isWhole) {
      refuseGaps(other)
      isWhole = true
    }
    // A fragment of a code system counts as the whole.
    if ((verdict === 'unknown' ? 'no' : verdict) === wanted) yield coding
  }
}

/** Throws why part of a set is unknown: what listing it fails with. */
function refuseGaps(set: CodeSet): void {
  void [...set.codings()]
}
