/** CPU time and memory of a process and its children, read from /proc (Linux). */
import { readdirSync, readFileSync } from 'node:fs'

export interface Usage {
  /** Share of one core, in percent, since the meter was made. */
  readonly cpuPercent: number
  /** Resident now; for PostgreSQL shared memory counts in each process, so the proportional set size is taken. */
  readonly memoryMb: number
}

/** Clock ticks a second; 100 on every Linux that runs Node. */
const TICKS = 100

export function meter(pidsOf: () => readonly number[]): () => Usage {
  const startTicks = new Map(pidsOf().map((pid) => [pid, ticks(pid)]))
  const started = performance.now()
  return () => {
    const pids = pidsOf()
    const used = pids.reduce((sum, pid) => sum + ticks(pid) - (startTicks.get(pid) ?? 0), 0)
    return {
      cpuPercent: Math.round((used / TICKS / ((performance.now() - started) / 1000)) * 100),
      memoryMb: Math.round(pids.reduce((sum, pid) => sum + memoryKb(pid), 0) / 1024),
    }
  }
}

/** The process and everything that it started, at any depth. */
export function withDescendants(root: number): number[] {
  const children = new Map<number, number[]>()
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry)
    if (!Number.isInteger(pid)) continue
    const parent = parentOf(pid)
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), pid])
  }
  const found: number[] = []
  const pending = [root]
  for (let pid = pending.pop(); pid !== undefined; pid = pending.pop()) {
    found.push(pid)
    pending.push(...(children.get(pid) ?? []))
  }
  return found
}

/** The most that the process has had resident since it started. */
export function peakMemoryMb(pid: number): number {
  return Math.round(
    Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]) / 1024,
  )
}

function fieldsOf(pid: number): string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  } catch {
    return undefined // ended meanwhile
  }
}

function parentOf(pid: number): number | undefined {
  const parent = fieldsOf(pid)?.[1]
  return parent === undefined ? undefined : Number(parent)
}

function ticks(pid: number): number {
  const fields = fieldsOf(pid)
  return fields ? Number(fields[11]) + Number(fields[12]) : 0
}

function memoryKb(pid: number): number {
  try {
    return Number(/^Pss: +(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'))?.[1] ?? 0)
  } catch {
    return 0
  }
}
