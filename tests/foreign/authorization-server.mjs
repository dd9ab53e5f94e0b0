#!/usr/bin/env node
// A real authorization server (oidc-provider), strict where real ones are: refresh tokens
// rotate, a consumed one that comes back ends the whole grant, and a token counts for one resource only.
// Access tokens are opaque, so a grant that has ended stops working at the resource at once.
//
// Environment:
//   PORT, ADDRESS, …      where to listen, as doors.mjs has it (on loopback, in the clear)
//   ACCESS_TOKEN_SECONDS  how long an access token lives (60)
//   REFRESH_TOKENS        `always`, or `offline_access`: only to who was granted that scope, which takes
//                         `prompt=consent` too (OpenID Connect Core, section 11) (always)
//   MCP_CLIENT_SECRET     what the MCP server authenticates with to introspect tokens (mcp-server-secret)
//
// Prints one line when it is ready: {"issuer":"http://127.0.0.1:…","control":"http://127.0.0.1:…"}. At the second, which
// is on loopback wherever the server itself listens, and has what the first has but for /token as well:
//
//   GET  /__counts                     what has been asked of it
//   GET  /__exchanges                  three lines for every request to /token from now on: it came, it is worked on,
//                                      its answer was handed to the system:
//                                      {"exchange":7,"what":"came"|"begun"|"answered","status":200,"at":…},
//                                      in microseconds of the clock that all processes share (monotonic)
//   POST /__control?outage=KIND        how /token answers: forbidden (403 with a web page), unavailable (503),
//                                      closed (the connection is closed), silent (no answer), none
//   POST /__control?delay=MILLISECONDS how long /token waits before it exchanges anything; who hangs up
//                                      meanwhile has lost nothing
//   POST /__control?person=deny|allow  what the person at the consent screen does
//   POST /__control?revoke=all         ends every grant, as an administrator would

import { setTimeout as sleep } from 'node:timers/promises';
import Provider from 'oidc-provider';
import { open, openForTests } from './doors.mjs';

// Standard output is for the one ready line; the library's notices go to standard error.
console.info = console.error;

const accessTokenSeconds = Number(process.env.ACCESS_TOKEN_SECONDS ?? 60);
const refreshTokens = process.env.REFRESH_TOKENS ?? 'always';
const scope = 'mcp:tools';

const control = { outage: 'none', delay: 0, person: 'allow' };
const counts = {
  token_requests: 0, // all, the ones that an outage swallowed included
  token_requests_in_outage: 0,
  token_requests_at_once_max: 0,
  sign_ins: 0, // authorization codes and device codes exchanged
  refreshes: 0, // refresh tokens exchanged
  refused: {}, // error word -> how often, at /token
  reused_refresh_tokens: 0, // each one ended a grant
  registrations: 0,
  revocations: 0,
};
let tokenRequestsUnderWay = 0;
const watchers = new Set();
const grants = new Set();

const { server, origin: issuer } = await open();
const { server: tests, origin: controls } = await openForTests();

const provider = new Provider(issuer, {
  clients: [{
    client_id: 'mcp-server',
    client_secret: process.env.MCP_CLIENT_SECRET ?? 'mcp-server-secret',
    grant_types: [],
    redirect_uris: [],
    response_types: [],
  }],
  cookies: { keys: ['not a secret: this server lives on loopback, for tests'] },
  features: {
    deviceFlow: { enabled: true },
    devInteractions: { enabled: false },
    introspection: { enabled: true },
    registration: { enabled: true },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: (_ctx, resource) => ({
        scope,
        audience: resource,
        accessTokenFormat: 'opaque',
        accessTokenTTL: accessTokenSeconds,
      }),
    },
    revocation: { enabled: true },
  },
  findAccount: (_ctx, sub) => ({ accountId: sub, claims: () => ({ sub, email: `${sub}@example.com` }) }),
  claims: { openid: ['sub'], email: ['email'] },
  interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
  pkce: { required: () => true },
  rotateRefreshToken: true,
  scopes: ['openid', 'offline_access', scope],
  expiresWithSession: () => false,
  ...(refreshTokens === 'always' && {
    issueRefreshToken: (_ctx, client) => client.grantTypeAllowed('refresh_token'),
  }),
  ttl: { AccessToken: accessTokenSeconds, Grant: 14 * 24 * 3600, RefreshToken: 14 * 24 * 3600, Session: 3600 },
});

provider.on('grant.success', (ctx) => {
  counts[ctx.oidc.params.grant_type === 'refresh_token' ? 'refreshes' : 'sign_ins'] += 1;
});
provider.on('grant.error', (_ctx, error) => {
  counts.refused[error.error] = (counts.refused[error.error] ?? 0) + 1;
  if (error.error_detail === 'refresh token already used') counts.reused_refresh_tokens += 1;
});
provider.on('registration_create.success', () => { counts.registrations += 1; });
provider.on('grant.revoked', (ctx) => { if (ctx.oidc?.route === 'revocation') counts.revocations += 1; });

// The person: signs in as `ada` and agrees, or does not.
provider.use(async (ctx, next) => {
  if (!ctx.path.startsWith('/interaction/')) return next();
  const { prompt, params, session, grantId } = await provider.interactionDetails(ctx.req, ctx.res);
  const result = control.person === 'deny'
    ? { error: 'access_denied', error_description: 'the person said no' }
    : await agree(prompt, params, session, grantId);
  ctx.respond = false;
  await provider.interactionFinished(ctx.req, ctx.res, result, { mergeWithLastSubmission: true });
});

async function agree(prompt, params, session, grantId) {
  if (prompt.name === 'login') return { login: { accountId: 'ada' } };
  const grant = (grantId && await provider.Grant.find(grantId))
    || new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  if (prompt.details.missingOIDCScope) grant.addOIDCScope(prompt.details.missingOIDCScope.join(' '));
  for (const [resource, scopes] of Object.entries(prompt.details.missingResourceScopes ?? {})) {
    grant.addResourceScope(resource, scopes.join(' '));
  }
  const id = await grant.save();
  grants.add(id);
  return { consent: { grantId: id } };
}

async function revokeAll() {
  for (const id of grants) await (await provider.Grant.find(id))?.destroy();
  grants.clear();
}

const outages = {
  forbidden: (_request, response) => response.writeHead(403, { 'content-type': 'text/html' })
    .end('<!DOCTYPE html><title>Blocked</title><h1>This site is blocked by your network</h1>\n'),
  unavailable: (_request, response) => response.writeHead(503, { 'retry-after': '2', 'content-type': 'text/plain' })
    .end('come back later\n'),
  closed: (request) => request.socket.destroy(),
  silent: () => {},
};

async function setControl(query) {
  if (query.has('outage')) control.outage = query.get('outage');
  if (query.has('delay')) control.delay = Number(query.get('delay'));
  if (query.has('person')) control.person = query.get('person');
  if (query.get('revoke') === 'all') await revokeAll();
}

function microseconds() {
  return Number(process.hrtime.bigint() / 1000n);
}

function tell(exchange, what, status, at = microseconds()) {
  const line = `${JSON.stringify({ exchange, what, status, at })}\n`;
  for (const watcher of watchers) watcher.write(line);
}

// Tells when the answer is written to the socket, which `end` does before it returns. The moment before is told: an
// answer counts as sent rather too early than too late.
function tellAnswer(exchange, response) {
  const end = response.end.bind(response);
  response.end = (...rest) => {
    const at = microseconds();
    const ended = end(...rest);
    tell(exchange, 'answered', response.statusCode, at);
    return ended;
  };
}

const oauth = provider.callback();
tests.on('request', async (request, response) => {
  const { pathname, searchParams } = new URL(request.url, controls);
  if (pathname === '/__counts') return response.end(`${JSON.stringify(counts)}\n`);
  if (pathname === '/__exchanges') {
    watchers.add(response);
    response.once('close', () => watchers.delete(response));
    return response.writeHead(200).flushHeaders();
  }
  if (pathname === '/__control') {
    await setControl(searchParams);
    return response.end(`${JSON.stringify(control)}\n`);
  }
  return oauth(request, response);
});
server.on('request', async (request, response) => {
  const { pathname } = new URL(request.url, issuer);
  if (pathname === '/token' && request.method === 'POST') {
    counts.token_requests += 1;
    const exchange = counts.token_requests;
    tell(exchange, 'came');
    tellAnswer(exchange, response);
    tokenRequestsUnderWay += 1;
    counts.token_requests_at_once_max = Math.max(counts.token_requests_at_once_max, tokenRequestsUnderWay);
    response.once('close', () => { tokenRequestsUnderWay -= 1; });
    const outage = outages[control.outage];
    if (outage) {
      counts.token_requests_in_outage += 1;
      return outage(request, response);
    }
    await sleep(control.delay);
    if (request.socket.destroyed) return undefined; // whoever asked is gone: nothing was exchanged
    tell(exchange, 'begun');
  }
  return oauth(request, response);
});

process.once('SIGTERM', () => process.exit(0));
console.log(JSON.stringify({ issuer, control: controls }));
