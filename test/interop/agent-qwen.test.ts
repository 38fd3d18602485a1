/** Qwen Code, which sends a system prompt of 20,000 characters and a message about its folder before the first question. */
import { testAgent } from "./agent-suite.ts";
import { qwen } from "./agents.ts";

testAgent(qwen);
