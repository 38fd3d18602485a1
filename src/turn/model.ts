/** A model that is listed to clients; `id` is the name that they send. */
export interface ModelEntry {
  readonly id: string;
  readonly description: string | undefined;
  /** What the CLI has told of the model's limits, in tokens. Undefined until a turn of it has ended. */
  readonly contextWindow?: number;
  readonly outputTokensMax?: number;
}
