/** Cline's CLI, with its 25 tools. */
import { testAgent } from "./agent-suite.ts";
import { cline } from "./agents.ts";

testAgent(cline);
