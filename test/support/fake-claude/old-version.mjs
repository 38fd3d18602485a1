#!/usr/bin/env node
/** Is one version older than the oldest that serves. */
console.log("2.1.119 (Claude Code)");
