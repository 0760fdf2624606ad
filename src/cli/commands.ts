/** All commands by name. Loaded when called: a small command does not wait for the server's code. */
import type { Command } from './command.ts'

export const commands: Readonly<Record<string, () => Promise<Command>>> = {
  serve: async () => (await import('./serve.ts')).serve,
  migrate: async () => (await import('./migrate.ts')).migrateCommand,
  tenant: async () => (await import('./tenant.ts')).tenant,
  client: async () => (await import('./client.ts')).client,
  channel: async () => (await import('./channel.ts')).channel,
  merge: async () => (await import('./merge.ts')).merge,
  send: async () => (await import('./send.ts')).send,
  demo: async () => (await import('./demo.ts')).demo,
  audit: async () => (await import('./audit.ts')).audit,
}
