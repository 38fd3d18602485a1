/** A model that is listed to clients; `id` is the name that they send. */
export interface ModelEntry {
  readonly id: string;
  readonly description: string | undefined;
}
