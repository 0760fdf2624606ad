/** Loads config/channels/*.yaml. All or nothing: with one wrong file no channel starts, so that nobody runs half a site. */
import { readdir, readFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'

import { Failure } from '../../kernel/failure.ts'
import type { Channel } from './channel.ts'
import { readPresets } from './presets.ts'
import { type Problem, readChannel, type Variables } from './read.ts'

/**
 * The channels of a folder, by file name.
 * @throws Failure `invalid`/`channel-files` with an issue for each problem: `lab.yaml:12 listen.port: …`
 */
export async function loadChannels(folder: string, variables: Variables): Promise<readonly Channel[]> {
  const found = (await readdir(folder).catch(() => refuseFolder(folder)))
    .filter((file) => /\.ya?ml$/.test(file))
    .toSorted()
  const presets = await readPresets(resolve(folder, '..', 'presets'))
  const read = await Promise.all(
    found.map(async (file) => ({
      file,
      ...readChannel(file, await readFile(join(folder, file), 'utf8'), variables, presets),
    })),
  )
  const problems = read.flatMap((result) => ('problems' in result ? result.problems : []))
  const loaded = read.flatMap((result) =>
    'channel' in result ? [{ file: result.file, channel: result.channel }] : [],
  )
  problems.push(...clashes(loaded))
  if (problems.length > 0) refuse(problems)
  return loaded.map(({ file, channel }) => withAbsolutePaths(channel, dirname(resolve(folder, file))))
}

function refuseFolder(folder: string): never {
  throw new Failure('invalid', 'channel-folder', { folder })
}

function refuse(problems: readonly Problem[]): never {
  const issues = problems.map((problem) => ({
    severity: 'error' as const,
    type: 'structure',
    diagnostics: describeProblem(problem),
  }))
  throw new Failure('invalid', 'channel-files', { problems: problems.length }, { issues })
}

function describeProblem({ file, line, path, text }: Problem): string {
  return path === '' ? `${file}:${line} ${text}` : `${file}:${line} ${path}: ${text}`
}

interface Loaded {
  readonly file: string
  readonly channel: Channel
}

/** Two files must not make the same channel, nor listen at the same place. */
function clashes(loaded: readonly Loaded[]): Problem[] {
  const problems: Problem[] = []
  const names = new Map<string, string>()
  const places = new Map<string, string>()
  for (const { file, channel } of loaded) {
    const sameName = names.get(channel.channel)
    if (sameName !== undefined) {
      problems.push({ file, line: 1, path: 'channel', text: `${sameName} has a channel of this name` })
    }
    names.set(channel.channel, file)
    const { host, port } = channel.listen
    if (!channel.enabled || port === 0) continue
    const samePlace = places.get(`${host} ${port}`)
    if (samePlace !== undefined) {
      problems.push({ file, line: 1, path: 'listen.port', text: `${samePlace} listens there already` })
    }
    places.set(`${host} ${port}`, file)
  }
  return problems
}

function withAbsolutePaths(channel: Channel, folder: string): Channel {
  const { tls } = channel.listen
  const placed =
    tls === undefined
      ? channel
      : ({ ...channel, listen: { ...channel.listen, tls: absoluteTls(tls, folder) } } as Channel)
  if (placed.source !== 'mllp' || placed.mapping.overrides === undefined) return placed
  return { ...placed, mapping: { ...placed.mapping, overrides: resolve(folder, placed.mapping.overrides) } }
}

type Tls = NonNullable<Channel['listen']['tls']>

function absoluteTls(tls: Tls, folder: string): Tls {
  const { certificate, key, clientAuthority } = tls
  return {
    ...tls,
    certificate: resolve(folder, certificate),
    key: resolve(folder, key),
    ...(clientAuthority === undefined ? {} : { clientAuthority: resolve(folder, clientAuthority) }),
  }
}
