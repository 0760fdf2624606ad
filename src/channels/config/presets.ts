/**
 * Presets (config/presets/NAME): what the channels of a country have in common. `channel.yaml` holds settings, which a
 * channel's own go over key by key; `mapping/` holds tables, which its own overrides go over row by row.
 */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { parse } from 'yaml'

import { Failure } from '../../kernel/failure.ts'

type Settings = Readonly<Record<string, unknown>>

/** Settings by the preset's name. */
export type Presets = ReadonlyMap<string, Settings>

/**
 * The presets of a folder; none when there is no such folder.
 * @throws Failure `invalid`/`preset-file` when the settings of one can't be read
 */
export async function readPresets(folder: string): Promise<Presets> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
  const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
  const settings = await Promise.all(names.map((preset) => readSettings(folder, preset)))
  return new Map(names.map((name, at) => [name, settings[at]!]))
}

async function readSettings(folder: string, preset: string): Promise<Settings> {
  try {
    const settings: unknown = parse(await readFile(join(folder, preset, 'channel.yaml'), 'utf8'))
    if (isSettings(settings)) return settings
  } catch {
    // Said below: whether it is missing or no YAML, the file has to be mended.
  }
  throw new Failure('invalid', 'preset-file', { preset })
}

/** The folder of a preset's tables. */
export function presetTables(folder: string, preset: string): string {
  return join(folder, preset, 'mapping')
}

/** The presets of a channel, the most general first: that of its format (`hprim`), then the one that it names. */
export function presetsOf({ format, preset }: { format?: unknown; preset?: unknown }): string[] {
  return [format === 'hprim' ? format : undefined, preset].filter((name) => typeof name === 'string')
}

/** A channel's settings over those of its presets; undefined when there is no preset of a name. */
export function withPresets(settings: unknown, presets: Presets): unknown {
  if (!isSettings(settings)) return settings
  let merged: Settings = {}
  for (const name of presetsOf(settings)) {
    const given = presets.get(name)
    if (given === undefined) return undefined
    merged = over(given, merged)
  }
  return over(settings, merged)
}

/** Key by key as deep as both are mappings; a list is one value. */
function over(own: Settings, given: Settings): Settings {
  const merged: Record<string, unknown> = { ...given }
  for (const [key, value] of Object.entries(own)) {
    const below = merged[key]
    merged[key] = isSettings(value) && isSettings(below) ? over(value, below) : value
  }
  return merged
}

function isSettings(value: unknown): value is Settings {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
