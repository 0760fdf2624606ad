/** An SQL statement with its parameters. A name makes it a prepared statement of the connection (twice as fast). */
export interface Statement {
  /** Unique for the text: the same name always goes with the same text. */
  readonly name?: string
  readonly text: string
  readonly values: readonly unknown[]
}
