/** pi, which sends the developer role, `store: false` and `max_completion_tokens`. */
import { testAgent } from "./agent-suite.ts";
import { pi } from "./agents.ts";

testAgent(pi);
