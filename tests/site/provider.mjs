// A provider of OpenID Connect for tests, on this machine: `oidc-provider` with one client, a form that asks for a name
// and for nothing else, and mistakes on demand.
//
// Its one argument is JSON:
//   packages                    the folder that tests/site/npm prints
//   client_id, client_secret    of the one client, which proves itself in a header
//   redirect_uris               where people may be sent back to
//   post_logout_redirect_uris   where they may be sent to once they are logged out
//   accounts                    claims by the name that is typed: {"ada": {"groups": ["sec-review"], "email": "…"}}
//   fault                       a name of `spoil` or `answers` below, or null
// The first line that it prints is its issuer. Then it reads orders, one JSON object in a line, and prints `done` for
// each: {"fault": NAME or null}, {"rotate": true}. It ends where its standard input does.

import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

// Standard output is for answers alone; the library warns of what is fit for tests only.
console.log = console.info = console.warn = console.error;

const settings = JSON.parse(process.argv[2]);
const find = createRequire(`${settings.packages}/package.json`);
const load = (name) => import(pathToFileURL(find.resolve(name)));
const { Provider } = await load('oidc-provider');
const jose = await load('jose');

let fault = settings.fault ?? null;

// --- keys ------------------------------------------------------------------------------------------------------

async function newKey(kid) {
    const { privateKey, publicKey } = await jose.generateKeyPair('RS256', { extractable: true });
    return { kid, privateKey, publicKey };
}

async function publish({ kid, publicKey }) {
    return { ...(await jose.exportJWK(publicKey)), kid, use: 'sig', alg: 'RS256' };
}

const first = await newKey('first');
const foreign = await newKey('foreign');
let rotated = null;
let rotations = 0;

// --- mistakes --------------------------------------------------------------------------------------------------

const sign = (claims, { kid }, { privateKey }) =>
    new jose.SignJWT(claims).setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid }).sign(privateKey);

// What becomes of the claims of an ID token and the key that it names; every other thing in it stays.
const spoil = {
    wrong_issuer: (claims, key) => sign({ ...claims, iss: 'http://127.0.0.1:1' }, key, key),
    wrong_audience: (claims, key) => sign({ ...claims, aud: 'somebody-else' }, key, key),
    expired: (claims, key) => sign({ ...claims, iat: claims.iat - 7200, exp: claims.iat - 3600 }, key, key),
    wrong_nonce: (claims, key) => sign({ ...claims, nonce: 'of-another-request' }, key, key),
    no_nonce: ({ nonce, ...claims }, key) => sign(claims, key, key),
    bad_signature: (claims, key) => sign(claims, key, foreign),
    unsigned: (claims) => new jose.UnsecuredJWT(claims).encode(),
    public_key_as_secret: async (claims, { kid, publicKey }) =>
        new jose.SignJWT(claims)
            .setProtectedHeader({ alg: 'HS256', typ: 'JWT', kid })
            .sign(new TextEncoder().encode(await jose.exportSPKI(publicKey))),
};

// What becomes of other answers, by the fault and then by the name of the route.
const answers = {
    wrong_issuer_in_discovery: {
        discovery: (body) => ({ ...body, issuer: 'http://127.0.0.1:1' }),
    },
    no_id_token: {
        token: ({ id_token, ...body }) => body,
    },
};

function check(name) {
    if (name !== null && !Object.hasOwn(spoil, name) && !Object.hasOwn(answers, name)) {
        throw new Error(`there is no fault ${name}`);
    }
    return name;
}
check(fault);

async function meddle(ctx, next) {
    await next();
    const route = ctx.oidc?.route;
    if (ctx.status !== 200 || !ctx.body) {
        return;
    }
    if (route === 'jwks' && rotated) {
        ctx.body = { keys: [await publish(rotated)] };
    }
    if (route === 'token' && ctx.body.id_token && (rotated || Object.hasOwn(spoil, fault))) {
        const key = rotated ?? first;
        const claims = jose.decodeJwt(ctx.body.id_token);
        const change = Object.hasOwn(spoil, fault) ? spoil[fault] : (all, own) => sign(all, own, own);
        ctx.body = { ...ctx.body, id_token: await change(claims, key) };
    }
    const other = answers[fault]?.[route];
    if (other) {
        ctx.body = other(ctx.body);
    }
}

// --- the provider ----------------------------------------------------------------------------------------------

const server = createServer();
server.listen(settings.port ?? 0, '127.0.0.1');
await once(server, 'listening');
const issuer = `http://127.0.0.1:${server.address().port}`;

const account = (name) =>
    Object.hasOwn(settings.accounts, name)
        ? { accountId: name, claims: () => ({ sub: name, email_verified: true, ...settings.accounts[name] }) }
        : undefined;

const profile = ['name'];
const email = ['email', 'email_verified'];
const known = new Set(['sub', ...profile, ...email]);
const groups = new Set(['groups', ...Object.values(settings.accounts).flatMap(Object.keys)].filter((one) => !known.has(one)));

const provider = new Provider(issuer, {
    clients: [
        {
            client_id: settings.client_id,
            client_secret: settings.client_secret,
            redirect_uris: settings.redirect_uris,
            post_logout_redirect_uris: settings.post_logout_redirect_uris ?? [],
            response_types: ['code'],
            grant_types: ['authorization_code'],
            token_endpoint_auth_method: 'client_secret_basic',
            id_token_signed_response_alg: 'RS256',
        },
    ],
    jwks: { keys: [{ ...(await jose.exportJWK(first.privateKey)), kid: first.kid, use: 'sig', alg: 'RS256' }] },
    pkce: { required: () => true },
    scopes: ['openid', 'profile', 'email', 'groups'],
    claims: { openid: ['sub'], profile, email, groups: [...groups] },
    // All in the ID token: many organisations have it so, and a client need not ask for more.
    conformIdTokenClaims: false,
    cookies: { keys: ['of-the-test'] },
    features: { devInteractions: { enabled: false } },
    findAccount: (ctx, name) => account(name),
    interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
    // Nobody is asked whether the client may know what it asks for.
    async loadExistingGrant(ctx) {
        const grant = new ctx.oidc.provider.Grant({
            clientId: ctx.oidc.client.clientId,
            accountId: ctx.oidc.session.accountId,
        });
        grant.addOIDCScope('openid profile email groups');
        await grant.save();
        return grant;
    },
    renderError(ctx, out, error) {
        console.error(error);
        ctx.type = 'text';
        ctx.body = `${out.error}: ${out.error_description}`;
    },
});
provider.use(meddle);

// --- the form --------------------------------------------------------------------------------------------------

const form = (complaint) => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Log in</title></head>
<body><main><h1>Log in</h1>
${complaint ? `<p role="alert">${complaint}</p>` : ''}
<form method="post"><label>Name <input name="login" autocomplete="username"></label>
<button name="do" value="login">Log in</button> <button name="do" value="cancel">Cancel</button></form>
</main></body></html>
`;

async function interact(request, response) {
    const show = (status, complaint) => {
        response.writeHead(status, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' });
        response.end(form(complaint));
    };
    await provider.interactionDetails(request, response);
    if (request.method !== 'POST') {
        show(200);
        return;
    }
    let body = '';
    for await (const part of request) {
        body += part;
    }
    const fields = new URLSearchParams(body);
    const finish = (result) =>
        provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
    if (fields.get('do') === 'cancel') {
        await finish({ error: 'access_denied', error_description: 'the person cancelled' });
    } else if (account(fields.get('login'))) {
        await finish({ login: { accountId: fields.get('login') } });
    } else {
        show(400, 'Nobody has this name.');
    }
}

const answer = provider.callback();
server.on('request', (request, response) => {
    if (!request.url.startsWith('/interaction/')) {
        answer(request, response);
        return;
    }
    interact(request, response).catch((error) => {
        console.error(error);
        response.writeHead(400, { 'content-type': 'text/plain' });
        response.end(String(error));
    });
});

const say = (line) => process.stdout.write(`${line}\n`);
say(issuer);
for await (const line of createInterface({ input: process.stdin })) {
    const order = JSON.parse(line);
    if ('fault' in order) {
        fault = check(order.fault);
    }
    if (order.rotate) {
        rotations += 1;
        rotated = await newKey(`rotated-${rotations}`);
    }
    say('done');
}
process.exit(0);
