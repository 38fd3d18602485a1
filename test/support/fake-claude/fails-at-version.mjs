#!/usr/bin/env node
/** Cannot even tell its version: exit code 5. */
process.exit(5);
