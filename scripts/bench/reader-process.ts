/** The client of relay.ts and slow-readers.ts, in a process of its own: it reads a stream and throws it away. */
import { requestStream, type StreamOutcome, type StreamRequest } from "./http-stream.ts";

/** A request as it is sent to this process: the channel is JSON, so the mark is a RegExp's source. */
export type ReaderTask = Omit<StreamRequest, "contentMark"> & { readonly contentMark: string };
export type ReaderReply = { readonly id: number } & ({ readonly outcome: StreamOutcome } | { readonly error: string });

process.on("message", ({ id, task }: { id: number; task: ReaderTask }) => {
  requestStream({ ...task, contentMark: new RegExp(task.contentMark) }).then(
    (outcome) => process.send?.({ id, outcome }),
    (error: unknown) => process.send?.({ id, error: String(error) }),
  );
});
