#!/usr/bin/env node
// A real MCP client (the official SDK) at work: calls a tool every second through an endpoint, and goes on
// whatever happens. A refused call is made again until it is answered; a lost session is opened anew.
//
// Environment:
//   MCP_ENDPOINT     {"url":"…","headers":{…}}, as `lamplighter endpoint NAME --json` prints it (required)
//   SECONDS          how long to go on (60)
//   PATIENCE_SECONDS the longest wait before a refused call is made again, whatever Retry-After says (5)
//
// Prints one line for every attempt:
//   {"at":"…","call":17,"tool":"echo","outcome":"ok","milliseconds":3}
//   {…,"outcome":"refused","status":503,"retry_after":412,"message":"…"}
//   {…,"outcome":"error","status":502,"message":"…"}
// and, at the end or at SIGTERM, a summary:
//   {"summary":{"calls":60,"answered":60,"attempts":63,"refused":3,"errors":0,"sessions":1,"progress":6,
//               "unanswered_for_longest_ms":4021,"last":"ok"}}
// Exits 0 when the last attempt was answered.

import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

if (!process.env.MCP_ENDPOINT) {
  console.error('MCP_ENDPOINT is not set\nhint: MCP_ENDPOINT="$(lamplighter endpoint NAME --json)" mcp-client.mjs');
  process.exit(2);
}
const endpoint = JSON.parse(process.env.MCP_ENDPOINT);
const patience = Number(process.env.PATIENCE_SECONDS ?? 5);

const end = new AbortController();
setTimeout(() => end.abort(), Number(process.env.SECONDS ?? 60) * 1000);
for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => end.abort());

const summary = {
  calls: 0, answered: 0, attempts: 0, refused: 0, errors: 0, sessions: 0, progress: 0,
  unanswered_for_longest_ms: 0, last: null,
};
let client = null; // the open session
let refusal = null; // the last answer that was not a success: the SDK's errors leave its headers out

async function fetchAndRemember(url, init) {
  const response = await fetch(url, init);
  if (init?.method === 'POST') {
    const { ok, status, headers } = response;
    refusal = ok ? null : { status, retry_after: headers.has('retry-after') ? Number(headers.get('retry-after')) : null };
  }
  return response;
}

async function session() {
  if (client) return client;
  const opened = new Client({ name: 'lamplighter-test-client', version: '1.0.0' });
  await opened.connect(new StreamableHTTPClientTransport(new URL(endpoint.url), {
    requestInit: { headers: endpoint.headers },
    fetch: fetchAndRemember,
  }));
  summary.sessions += 1;
  client = opened;
  return client;
}

// What the tools are asked, in turn, and what the right answer is.
const questions = [
  (n) => ({ name: 'echo', arguments: { text: `call ${n}` }, answer: `call ${n}` }),
  (n) => ({ name: 'add', arguments: { a: n, b: 1 }, answer: String(n + 1) }),
  () => ({ name: 'slow', arguments: { steps: 3, milliseconds: 100 }, answer: '3 steps' }),
];

async function ask({ name, arguments: given, answer }) {
  const mcp = await session();
  const result = await mcp.callTool({ name, arguments: given }, undefined, {
    timeout: 30_000,
    onprogress: () => { summary.progress += 1; },
  });
  const text = result.content[0]?.text;
  if (text !== answer) throw new Error(`${name} answered ${JSON.stringify(text)} instead of ${JSON.stringify(answer)}`);
}

async function attempt(call, question) {
  const started = performance.now();
  const line = { at: new Date().toISOString(), call, tool: question.name };
  summary.attempts += 1;
  refusal = null;
  try {
    await ask(question);
    summary.last = 'ok';
    console.log(JSON.stringify({ ...line, outcome: 'ok', milliseconds: Math.round(performance.now() - started) }));
  } catch (error) {
    summary.last = refusal?.status === 503 ? 'refused' : 'error';
    summary[refusal?.status === 503 ? 'refused' : 'errors'] += 1;
    console.log(JSON.stringify({ ...line, outcome: summary.last, ...refusal, message: error.message }));
    if (refusal?.status === 404) await forgetSession();
  }
  return summary.last === 'ok';
}

async function forgetSession() {
  await client?.close();
  client = null;
}

async function pause(seconds) {
  await sleep(seconds * 1000, undefined, { signal: end.signal }).catch(() => {});
}

for (let call = 1; !end.signal.aborted; call += 1) {
  const asked = performance.now();
  summary.calls += 1;
  while (!end.signal.aborted) {
    const answered = await attempt(call, questions[call % questions.length](call));
    const unanswered = Math.round(performance.now() - asked);
    summary.unanswered_for_longest_ms = Math.max(summary.unanswered_for_longest_ms, unanswered);
    if (answered) {
      summary.answered += 1;
      break;
    }
    await pause(Math.min(refusal?.retry_after ?? 1, patience));
  }
  await pause(1);
}

await client?.transport?.terminateSession().catch(() => {});
await forgetSession();
console.log(JSON.stringify({ summary }));
process.exit(summary.last === 'ok' ? 0 : 1);
