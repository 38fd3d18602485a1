/** The targets that the committed measurements miss, by benchmark, row and comparison, each with the reason. */
export const knownMisses: Readonly<Record<string, string>> = {
  "first-token, next-2.1.330, ours to reference": "The CLI by itself takes 0.086 of the reference's time: the server adds 0.8 ms to it.",
  "tool-result, result-2.1.330, ours to reference": "The CLI by itself takes 0.060 of the reference's time: the server adds 4.7 ms to it.",
  "streams, p99-200, ours over the bare pipe": "200 streams, their upstream and their reader share two cores; the reference is at 42.6 ms over the pipe.",
};
