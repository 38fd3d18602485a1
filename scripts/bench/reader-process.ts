/** The client of the heavy benchmarks, in a process of its own: it reads a stream from a raw socket and throws it away. */
import { requestStream, type StreamOutcome, type StreamRequest } from "./http-stream.ts";

/** A request as it goes over the process channel: a RegExp does not. */
export type ReaderTask = Omit<StreamRequest, "contentMark"> & { readonly contentMark: string };
export type ReaderReply = { readonly id: number } & ({ readonly outcome: StreamOutcome } | { readonly error: string });

process.on("message", ({ id, task }: { id: number; task: ReaderTask }) => {
  requestStream({ ...task, contentMark: new RegExp(task.contentMark) }).then(
    (outcome) => process.send?.({ id, outcome }),
    (error: unknown) => process.send?.({ id, error: String(error) }),
  );
});
