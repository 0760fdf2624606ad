/** For tests: what a client finds who follows `next` to the end. */
import { expect } from 'vitest'

import type { TestFhir } from './fixture.ts'

interface Page {
  readonly entry?: readonly { readonly resource: { readonly id: string } }[]
  readonly link: readonly { readonly relation: string; readonly url: string }[]
}

/** @returns the ids on each page; `between` runs after each */
export async function pagesOf(
  fhir: TestFhir,
  path: string,
  between: (page: number) => Promise<void> = async () => {},
): Promise<string[][]> {
  const found: string[][] = []
  for (let next: string | undefined = path; next !== undefined;) {
    const { status, json, text } = await fhir.call('GET', next)
    expect(status, text).toBe(200)
    const { entry = [], link } = json as unknown as Page
    found.push(entry.map(({ resource }) => resource.id))
    next = link.find(({ relation }) => relation === 'next')?.url.slice(fhir.base.length)
    await between(found.length)
  }
  return found
}
