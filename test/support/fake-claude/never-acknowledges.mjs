#!/usr/bin/env node
/** Takes messages that ask nothing without a word. With `ANSWERS_ALL` in its environment it answers them as if they asked. */
import { sayAnswer, serve } from "./protocol.mjs";

const answer = () => sayAnswer(["this ", "is ", "it"]);

serve({ onTurn: answer, onHistory: process.env.ANSWERS_ALL === undefined ? () => {} : answer });
