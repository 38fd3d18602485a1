/** Continue's CLI: its tools are named as Claude Code's own. */
import { testAgent } from "./agent-suite.ts";
import { continueCli } from "./agents.ts";

testAgent(continueCli);
