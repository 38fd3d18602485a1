/** opencode, which asks for a title at the same time as for the answer. */
import { testAgent } from "./agent-suite.ts";
import { opencode } from "./agents.ts";

testAgent(opencode);
