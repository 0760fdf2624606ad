/** Which edition of a canonical resource is meant. https://hl7.org/fhir/R4/references.html#canonical */

export interface Edition {
  /** As the resource says it. */
  readonly version: string | undefined
  /** https://hl7.org/fhir/R4/valueset-publication-status.html */
  readonly status: string | undefined
  /** Instant. */
  readonly lastUpdated: string
}

/** The one with the version that is asked for; when none is, the newest active one, or the newest of the others. */
export function chooseEdition<T extends Edition>(
  editions: readonly T[],
  version: string | undefined,
): T | undefined {
  const wanted = version === undefined ? editions : editions.filter((edition) => edition.version === version)
  return wanted.toSorted(byPreference)[0]
}

/** What is meant for use before what is on trial, and that before what has had its time. */
const STATUSES: readonly (string | undefined)[] = ['active', 'draft', 'unknown', undefined, 'retired']

function byPreference(a: Edition, b: Edition): number {
  return (
    STATUSES.indexOf(a.status) - STATUSES.indexOf(b.status) ||
    compareVersions(b.version ?? '', a.version ?? '') ||
    (a.lastUpdated < b.lastUpdated ? 1 : -1)
  )
}

const versionOrder = new Intl.Collator('en', { numeric: true })

/** 1.10 is newer than 1.9, 20240101 newer than 20231201, and 2.0.0 newer than 2.0.0-beta. */
function compareVersions(a: string, b: string): number {
  const [releaseA, trialA] = split(a)
  const [releaseB, trialB] = split(b)
  return (
    versionOrder.compare(releaseA, releaseB) ||
    Number(trialA === undefined) - Number(trialB === undefined) ||
    versionOrder.compare(trialA ?? '', trialB ?? '')
  )
}

function split(version: string): readonly [release: string, trial: string | undefined] {
  const dash = version.search(/-[A-Za-z]/)
  return dash < 0 ? [version, undefined] : [version.slice(0, dash), version.slice(dash + 1)]
}
