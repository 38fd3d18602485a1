import { type AbsentEndpoint, noBatches } from "../absent.ts";

/** Endpoints of OpenAI's API for which Claude has nothing to serve them with. */
export const absentEndpoints: readonly AbsentEndpoint[] = [
  {
    path: "/v1/embeddings", methods: ["POST"],
    words: "Claude makes no embeddings: use an embedding model, such as Voyage AI's, or one run by Ollama.",
  },
  {
    path: "/v1/images/{action}", methods: ["POST"],
    words: "Claude makes no images: use a model that does, such as OpenAI's own or one run by ComfyUI.",
  },
  {
    path: "/v1/audio/{action}", methods: ["POST"],
    words: "Claude neither hears nor speaks: use a speech model, such as one run by whisper.cpp or Piper.",
  },
  {
    path: "/v1/moderations", methods: ["POST"],
    words: "Claude is no moderation model: use one, or ask a model here for a judgement in a JSON schema.",
  },
  { path: "/v1/batches", methods: ["POST", "GET"], words: noBatches },
];
