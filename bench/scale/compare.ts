/** Two runs of the scale benchmark side by side, as a Markdown table. */
import { readFileSync } from 'node:fs'

import type { Workload } from './workloads.ts'

interface ScaleResult {
  readonly resources: number
  readonly disk?: { readonly bytesPerResource: number }
  readonly searches?: Readonly<Record<string, Workload | 'unsupported'>>
  readonly mix?: Workload
  readonly reads?: Workload
  readonly creates?: Workload
  readonly updates?: Workload
  readonly transactions?: Workload
}

export function compare(files: readonly string[]): unknown {
  const [small, large] = files.map(readResult)
  if (!small || !large) throw new Error('--compare takes two files with the JSON of a run')
  const before = workloadsOf(small)
  const lines = Object.entries(workloadsOf(large)).flatMap(([name, b]) => lineOf(name, before[name], b))
  console.error(
    [
      `| | p50 ms at ${small.resources} | at ${large.resources} | ÷ | CPU ms at ${small.resources} | at ${large.resources} | ÷ | /s at ${large.resources} | p99 ms |`,
      '| --- | --- | --- | --- | --- | --- | --- | --- | --- |',
      ...lines,
    ].join('\n'),
  )
  return { diskBytesPerResource: [small.disk?.bytesPerResource, large.disk?.bytesPerResource] }
}

function readResult(file: string): ScaleResult {
  return (JSON.parse(readFileSync(file, 'utf8')) as { result: ScaleResult }).result
}

function workloadsOf(result: ScaleResult): Record<string, Workload | 'unsupported'> {
  const { reads, creates, updates, transactions, searches, mix } = result
  const all = { ...searches, mix, reads, creates, updates, 'transactions of 50': transactions }
  return Object.fromEntries(Object.entries(all).filter(([, measured]) => measured !== undefined)) as never
}

function lineOf(
  name: string,
  a: Workload | 'unsupported' | undefined,
  b: Workload | 'unsupported',
): string[] {
  if (a === undefined || a === 'unsupported' || b === 'unsupported') return [`| ${name} | unsupported |`]
  const cpu = (workload: Workload) => workload.serverCpuMs + workload.databaseCpuMs
  const ratio = (x: number, y: number) => (y / x).toFixed(2)
  const cells = [
    a.p50Ms,
    b.p50Ms,
    ratio(a.p50Ms, b.p50Ms),
    cpu(a).toFixed(2),
    cpu(b).toFixed(2),
    ratio(cpu(a), cpu(b)),
    b.perSecond,
    b.p99Ms,
  ]
  return [`| ${name} | ${cells.join(' | ')} |`]
}
