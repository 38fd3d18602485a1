import { BridgeError } from "../../errors.ts";
import type { Lookup } from "../dialect.ts";

/** An endpoint of OpenAI's that has nothing to be served with here. */
interface AbsentEndpoint {
  readonly path: string;
  readonly methods: readonly string[];
  /** What is not there, and what people use instead. */
  readonly words: string;
}

const images = "Claude makes no images: use a model that does, such as OpenAI's own or one run by ComfyUI.";
const audio = "Claude neither hears nor speaks: use a speech model, such as one run by whisper.cpp or Piper.";
const batches = "Requests are not answered in batches here: send them one by one; those that must wait do.";

export const absentEndpoints: readonly AbsentEndpoint[] = [
  {
    path: "/v1/embeddings", methods: ["POST"],
    words: "Claude makes no embeddings: use an embedding model, such as Voyage AI's, or one run by Ollama.",
  },
  { path: "/v1/images/{action}", methods: ["POST"], words: images },
  { path: "/v1/audio/{action}", methods: ["POST"], words: audio },
  {
    path: "/v1/moderations", methods: ["POST"],
    words: "Claude is no moderation model: use one, or ask a model here for a judgement in a JSON schema.",
  },
  { path: "/v1/batches", methods: ["POST", "GET"], words: batches },
];

/** Refuses a request to an endpoint that is not there. */
export function refuseAbsent(words: string): Lookup {
  return () => {
    throw new BridgeError("not_implemented", words);
  };
}
