// A login at the provider, by a code (RFC 6749 with PKCE). The tokens stay in this tab and those that it hands them to; the server keeps none.
import { $, ask, kept, say, sent } from './page.js';

const here = () => location.origin + location.pathname;
/** A third of its time before a token ends the next one is asked for. */
const EARLY = 2 / 3;
const LEAST_MILLIS = 5000;
/** A token that has ended would be refused, and this is to have another one. */
const asNobody = body => ({ ...sent(body), nobody: true });
const random = () => text(crypto.getRandomValues(new Uint8Array(32)));
const text = bytes => btoa(String.fromCharCode(...bytes)).replace(/[+]/g, '-').replace(/[/]/g, '_').replace(/=+$/, '');
let timer;
/** What the provider says to a browser that comes back, and what was noted when it left; null where it does not come back. The address is what it was before, at once, for it names what is shown. */
const returned = came_back();

function came_back() {
  const said = new URLSearchParams(location.search);
  if (!said.has('state') || !said.has('code') && !said.has('error')) return null;
  const begun = JSON.parse(kept(sessionStorage, 'login') || 'null');
  kept(sessionStorage, 'login', '');
  history.replaceState(null, '', location.pathname + (begun?.place || location.hash));
  return { said, begun };
}

/** Where people log in; null where this console has no provider, or it is not known yet. */
export async function way() {
  try {
    const to = await ask('api/login', { nobody: true });
    return to.authorize ? to : null;
  } catch (e) {
    // It asks for a token before it tells anything.
    if (e.status !== 401) say('token-state', e.message, true);
    return null;
  }
}
/** Goes to the provider, which sends the browser back here with a code. */
export async function leave(to) {
  if (!crypto.subtle) throw new Error('A browser hands a login over only to a page that came encrypted, or from this machine: open the console by https.');
  const verifier = random(), state = random();
  kept(sessionStorage, 'login', JSON.stringify({ verifier, state, place: location.hash }));
  const challenge = text(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier))));
  location.assign(with_query(to.authorize, { response_type: 'code', client_id: to.client, redirect_uri: here(), scope: to.scope, state, code_challenge: challenge, code_challenge_method: 'S256' }));
}
const with_query = (address, fields) => address + (address.includes('?') ? '&' : '?') + new URLSearchParams(fields);
/** @return the tokens for the code with which the browser came back; null where it did not come back with one */
export async function back() {
  if (!returned) return null;
  const { said, begun } = returned;
  if (said.has('error')) throw new Error('The login provider let nobody in: ' + said.get('error') + ' ' + (said.get('error_description') ?? ''));
  if (begun?.state !== said.get('state')) throw new Error('Somebody came back from the login provider who had not left from here; log in again.');
  return ask('api/login', asNobody({ code: said.get('code'), verifier: begun.verifier, redirect: here() }));
}
/**
 * Asks for the next tokens before these end.
 *
 * @param taken called with them
 * @param ended called where there are none any more
 */
export function renew(tokens, taken, ended) {
  clearTimeout(timer);
  if (!tokens) return;
  timer = setTimeout(async () => {
    try {
      if (!tokens.renewal) throw new Error('Your login has ended; log in again.');
      taken({ ...tokens, ...await ask('api/login/renewal', asNobody({ token: tokens.renewal })) });
    } catch (e) {
      ended(e);
    }
  }, Math.max(LEAST_MILLIS, tokens.seconds * 1000 * EARLY));
}
/** Ends the login at the provider too, where it has an address for that. */
export function end(to, tokens) {
  if (to.end) location.assign(with_query(to.end, { client_id: to.client, post_logout_redirect_uri: here(), ...(tokens?.id ? { id_token_hint: tokens.id } : {}) }));
}
