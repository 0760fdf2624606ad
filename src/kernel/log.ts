/** The log port. The composition root gives it a pino; the layers below know only this shape. */

/** A line's own words are called `message`: a field of that name would be lost behind them. */
export type LogFields = Readonly<Record<string, unknown>> & { readonly message?: never }

export interface Log {
  debug(fields: LogFields, message: string): void
  info(fields: LogFields, message: string): void
  warn(fields: LogFields, message: string): void
  error(fields: LogFields, message: string): void
  /** A log that adds these fields to each line. */
  child(fields: LogFields): Log
}

/** Writes nothing. For tests and for programs whose output is their result. */
export const silentLog: Log = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLog,
}
