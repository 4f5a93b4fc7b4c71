// Who looks: the operator's token, or a login at the provider where the console has one. Kept for this tab, handed to other tabs of this page, and tried once it is given.
import { $, ask, kept, say } from './page.js';
import { back, end, leave, renew, way } from './login.js';

/** Reaches the pages of this origin alone; what one of them has, the others have. */
const tabs = new BroadcastChannel('millrace.token');
const given = () => $('token').value.trim();
/** Where people log in; null where they give a token. */
let provider = null;

/** @param changed called when another token is in force, be it none */
export async function sign_in(changed) {
  tabs.onmessage = ({ data }) => {
    if (data.asks) {
      if (given()) tabs.postMessage({ token: given() });
    } else if (data.token !== given()) {
      const was = given();
      take(data.token);
      if (!provider || !was !== !data.token) changed();
    }
  };
  $('token').addEventListener('change', () => {
    take(given());
    tabs.postMessage({ token: given() });
    changed();
  });
  $('login').addEventListener('submit', e => { e.preventDefault(); shown(); changed(); });
  take(kept(sessionStorage, 'token'));
  if (!given()) tabs.postMessage({ asks: true });
  provider = await way();
  if (provider) await by_provider(changed);
}
function take(token) {
  $('token').value = token;
  kept(sessionStorage, 'token', token);
  shown();
}
/** The tab in which somebody has logged in renews the login; the others have from it what they need. */
async function by_provider(changed) {
  $('token').hidden = $('token').labels[0].hidden = true;
  shown();
  const have = (tokens, error) => {
    kept(sessionStorage, 'tokens', tokens ? JSON.stringify({ ...tokens, until: Date.now() + tokens.seconds * 1000 }) : '');
    const was = given(), token = tokens?.access ?? '';
    take(token);
    tabs.postMessage({ token });
    // The same person with the next token sees the same.
    if (!was !== !token) changed();
    renew(tokens, have, e => have(null, e));
    if (error) say('token-state', error.message, true);
  };
  $('log-in').addEventListener('click', () => leave(provider).catch(e => say('token-state', e.message, true)));
  $('log-out').addEventListener('click', () => {
    const tokens = JSON.parse(kept(sessionStorage, 'tokens') || 'null');
    have(null);
    end(provider, tokens);
  });
  const before = JSON.parse(kept(sessionStorage, 'tokens') || 'null');
  try {
    const tokens = await back();
    if (tokens) have(tokens);
    else if (before) renew({ ...before, seconds: Math.max(0, (before.until - Date.now()) / 1000) }, have, e => have(null, e));
  } catch (e) {
    have(null, e);
  }
}
/** Whether there is a token, and whether the gate takes it. */
async function shown() {
  const token = given();
  $('log-in').hidden = !provider || token !== '';
  $('log-out').hidden = !provider || token === '';
  if (!token) {
    delete document.documentElement.dataset.token;
    say('token-state', '');
    return;
  }
  document.documentElement.dataset.token = 'given';
  const answer = await ask('api/check').catch(e => e);
  const said = { 401: 'not the right one', 403: 'taken, for reads alone' }[answer.status] ?? (answer instanceof Error ? 'not tried: ' + answer.message : 'taken');
  if (token === given()) say('token-state', said, answer.status === 401);
}
