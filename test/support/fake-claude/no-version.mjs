#!/usr/bin/env node
/** Is some other program. */
console.log("usage: something else entirely");
