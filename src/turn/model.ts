/** A model as a client may name it. */
export interface ModelEntry {
  readonly id: string;
  readonly description: string | undefined;
}
