/** GitHub's Copilot CLI with a provider of the user's own: the largest system prompt and tools of all. */
import { testAgent } from "./agent-suite.ts";
import { copilot } from "./agents.ts";

testAgent(copilot);
