// oidc-provider on loopback, an API beside it, and `/seed`, which gives what a person's consent would give.
// node oidc.mjs PORT LIFETIME_S JWKS: JWKS are the public keys of the client that signs.
import Provider from 'oidc-provider';

const [port, lifetime, jwks] = process.argv.slice(2);
const url = `http://127.0.0.1:${port}`;
const client = (client_id, token_endpoint_auth_method, more) => ({
  client_id, token_endpoint_auth_method, grant_types: ['client_credentials', 'refresh_token', 'authorization_code'],
  redirect_uris: ['https://client.example.com/back'], response_types: ['code'], scope: 'openid offline_access read', ...more,
});
const secret = 's3cret/of+the=client&%';
const provider = new Provider(url, {
  clients: [
    client('basic', 'client_secret_basic', { client_secret: secret }),
    client('post', 'client_secret_post', { client_secret: secret }),
    client('signs', 'private_key_jwt', { jwks: JSON.parse(jwks) }),
    client('signs-ec', 'private_key_jwt', { jwks: JSON.parse(jwks), token_endpoint_auth_signing_alg: 'ES256' }),
  ],
  scopes: ['openid', 'offline_access', 'read'],
  features: { clientCredentials: { enabled: true }, introspection: { enabled: true }, devInteractions: { enabled: false } },
  ttl: { ClientCredentials: Number(lifetime), AccessToken: Number(lifetime), RefreshToken: 600, Grant: 600 },
  rotateRefreshToken: true,
  findAccount: async (ctx, sub) => ({ accountId: sub, claims: async () => ({ sub }) }),
});
const calls = { token: 0, api: 0 };
provider.use(async (ctx, next) => {
  if (ctx.path === '/seed') {
    const grant = new provider.Grant({ accountId: 'someone', clientId: ctx.query.client });
    grant.addOIDCScope('openid offline_access');
    const grantId = await grant.save();
    const client = await provider.Client.find(ctx.query.client);
    const token = new provider.RefreshToken({ accountId: 'someone', client, grantId, scope: 'openid offline_access', gty: 'authorization_code' });
    ctx.body = { refresh_token: await token.save() };
  } else if (ctx.path === '/api') {
    calls.api += 1;
    const value = (ctx.get('authorization') || '').replace('Bearer ', '');
    const found = (await provider.ClientCredentials.find(value)) || (await provider.AccessToken.find(value));
    ctx.status = found && !found.isExpired ? 200 : 401;
    ctx.body = { client: found?.clientId };
  } else if (ctx.path === '/calls') {
    ctx.body = calls;
  } else {
    if (ctx.path === '/token') calls.token += 1;
    await next();
  }
});
provider.listen(Number(port), '127.0.0.1');
