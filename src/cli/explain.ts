/** What a person at the terminal reads when a start or a command fails: a sentence a line, and no stack. */
import type { Failure, FailureParams } from '../kernel/failure.ts'

type Explain = (params: FailureParams) => string

const texts: Readonly<Record<string, Explain>> = {
  configuration: () => 'the configuration is wrong',
  'port-in-use': ({ part, host, port }) =>
    `${part} cannot listen on ${host}:${port}: another program uses this port`,
  'port-not-permitted': ({ part, host, port }) =>
    `${part} cannot listen on ${host}:${port}: that needs more rights`,
  'listen-failed': ({ part, host, port }) =>
    `${part} cannot listen on ${host}:${port}: is the address right?`,
  'data-folder-in-use': ({ folder, pid }) =>
    `the data folder ${folder} is in use by another Passerelle${pid === undefined ? '' : ` (process ${pid})`}`,
  'data-folder-refused': ({ folder, reason }) => `the data folder ${folder} cannot be used: ${reason}`,
  'data-folder-unreachable': ({ folder }) =>
    `the database's account can reach neither ${folder} nor /var/lib/passerelle; set PASSERELLE_DATA_DIR to a folder that other users may pass through`,
  'schema-newer': ({ database, program }) =>
    `the database has schema ${database}, this program knows schema ${program}: run the newer program that made it`,
  'migration-changed': ({ name }) => `the migration ${name} is not the one that this database ran`,
  'migration-out-of-order': ({ name }) =>
    `the migration ${name} comes before one that this database already ran`,
  'migration-failed': ({ name, reason }) => `the migration ${name} failed: ${reason}`,
  'database-unreachable': ({ reason }) =>
    `the database of PASSERELLE_DATABASE_URL cannot be reached: ${reason}`,
  'database-too-old': ({ version, needed }) =>
    `the database is PostgreSQL ${version}; ${needed} or newer is needed`,
  'database-start-failed': ({ reason }) => `the embedded PostgreSQL did not start: ${reason}`,
  'initdb-failed': ({ reason }) => `the embedded PostgreSQL could not be made: ${reason}`,
  'database-ended': () => 'the embedded PostgreSQL ended on its own',
  'database-still-running': ({ pid }) =>
    `the embedded PostgreSQL of an earlier start (process ${pid}) does not end`,
  'database-password-missing': ({ file }) => `the password of the embedded PostgreSQL is gone: ${file}`,
  'tenant-exists': ({ key }) => `there is a tenant ${key} already`,
  'tenant-key-invalid': () => 'a tenant key has lower-case letters, digits and hyphens, at most 63',
  'timezone-unknown': ({ timezone }) => `there is no time zone ${timezone}`,
  'cluster-version': ({ cluster, program }) =>
    `the data folder holds a cluster of PostgreSQL ${cluster}, this program brings ${program}`,
  'cluster-unreadable': ({ folder }) =>
    `the database in ${folder} belongs to another user: start the program as the one that made it, or as root`,
  'database-account-missing': () =>
    'PostgreSQL does not run as root and no other account could be found or made: start the program as another user',
  'database-programs-unreachable': ({ folder }) =>
    `the database's account cannot read ${folder}, nor a copy of it below /var/lib/passerelle`,
  'embedded-postgres-missing': ({ platform }) =>
    `there is no embedded PostgreSQL for ${platform}: set PASSERELLE_DATABASE_URL to a PostgreSQL of your own`,
  'channel-folder': ({ folder }) => `there are no channel files: ${folder} cannot be read`,
  'channel-files': ({ problems }) =>
    problems === 1 ? 'a channel file is wrong' : `the channel files are wrong in ${problems} places`,
  'channel-unknown': ({ channel }) => `there is no channel ${channel}`,
  'channel-not-hl7': ({ channel }) => `the channel ${channel} does not take HL7 v2 messages`,
  'channel-tenant': ({ channel, tenant }) =>
    `the channel ${channel} belongs to the tenant ${tenant}, and there is none: make it (passerelle tenant create ${tenant}) or name another in the channel's file or in PASSERELLE_BOOTSTRAP_TENANT`,
  'channel-switch': ({ channel, switch: name, value }) =>
    `the channel ${channel} sets the switch ${name} to ${value}: config/mapping/switches.tsv knows no such`,
  'mapping-does-not-compile': () => 'the mapping tables are wrong',
  'file-unreadable': ({ file }) => `${file} cannot be read`,
  'embedded-postgres-platform': () =>
    'the embedded PostgreSQL does not run on Windows: set PASSERELLE_DATABASE_URL to a PostgreSQL of your own',
  'server-not-running': ({ url }) => `no server answers at ${url}: start it with npm start`,
  'demo-not-there': ({ what }) => `${what} did not appear in time: look at the server's log`,
  'tenant-unknown': ({ key }) => `there is no tenant ${key}`,
  'client-unknown': ({ client }) => `there is no client ${client}, or it is revoked`,
  'client-exists': ({ client }) => `there is a client ${client} already`,
  'client-id-invalid': () => 'a client id is made of letters, digits and . _ ~ : / @ -, at most 128',
  'client-scope-invalid': ({ scope }) =>
    scope === undefined ? 'a client needs a scope' : `${scope} is no scope like system/Observation.rs`,
  'client-role-unknown': ({ role }) => `there is no role ${role}; there is admin`,
  'installation-secret-missing': ({ file, folder }) => `there is no ${file} in ${folder}`,
  'installation-secret-damaged': ({ file }) =>
    `${file} in the data folder is damaged: bring it back from the backup`,
  'installation-secret-wrong': () =>
    'installation.key in the data folder is not the one that this database was made with: bring that one back',
}

/** One line for the failure, then one for each of its issues. */
export function explain(failure: Failure): string[] {
  const text = texts[failure.code]?.(failure.params) ?? failure.message
  return [text, ...failure.issues.map(({ diagnostics }) => `  ${diagnostics}`)]
}
