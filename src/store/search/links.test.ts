import { expect, test } from 'vitest'

import type { TenantId } from '../../kernel/ids.ts'
import { testContext } from '../testing.ts'
import { makeLinks } from './links.ts'
import { toStatement } from './sql.ts'

/** A store with so many who refer, and so many of the type that they refer to. */
function linksOf(store: { readonly referring: number; readonly ofType: number }) {
  return makeLinks({
    db: {
      query: async (_tenant: TenantId, { text }: { text: string }) =>
        text.includes('count(*)')
          ? [{ count: store.ofType }]
          : [{ written: 'Patient/a' }, { written: 'Group/g' }],
    },
    named: toStatement,
    runner: {
      few: () => Promise.resolve(undefined),
      fewNumbers: (_tenant: TenantId, _query: unknown, limit: number) =>
        Promise.resolve(store.referring <= limit ? ['1'] : undefined),
    },
    contextOf: () => testContext,
  } as unknown as Parameters<typeof makeLinks>[0])
}

test.each([
  ['few refer', { referring: 3000, ofType: 1_000_000 }, false, ['a']],
  ['more refer to some of very many', { referring: 50_000, ofType: 20_001 }, false, ['a']],
  ['more refer than can be looked up', { referring: 50_001, ofType: 1_000_000 }, false, undefined],
  ['more refer than there are to test', { referring: 3001, ofType: 20_000 }, false, undefined],
  ['they can be streamed', { referring: 301, ofType: 1_000_000 }, true, undefined],
] as const)('who is referred to is looked up or tested: %s', async (_, store, streams, ids) => {
  const source = { type: 'Observation', conditions: [], paths: ['$."subject"'], canonical: false, streams }
  expect(await linksOf(store).referred(1 as TenantId, source, 'Patient')).toEqual(ids)
})
