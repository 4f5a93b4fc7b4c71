// The operator's token: kept for this tab, handed to other tabs of this page, and tried once it is given.
import { $, ask, kept, say } from './page.js';

/** Reaches the pages of this origin alone; what one of them has, the others have. */
const tabs = new BroadcastChannel('millrace.token');

/** @param changed called when another token is in force, be it none */
export function sign_in(changed) {
  const field = $('token');
  const given = () => field.value.trim();
  const take = token => {
    field.value = token;
    kept(sessionStorage, 'token', token);
    shown();
  };
  tabs.onmessage = ({ data }) => {
    if (data.asks) {
      if (given()) tabs.postMessage({ token: given() });
    } else if (data.token !== given()) {
      take(data.token);
      changed();
    }
  };
  field.addEventListener('change', () => {
    take(given());
    tabs.postMessage({ token: given() });
    changed();
  });
  $('login').addEventListener('submit', e => { e.preventDefault(); shown(); changed(); });
  take(kept(sessionStorage, 'token'));
  if (!given()) tabs.postMessage({ asks: true });
}
/** Whether there is a token, and whether the gate takes it. */
async function shown() {
  const token = $('token').value.trim();
  if (!token) {
    delete document.documentElement.dataset.token;
    say('token-state', '');
    return;
  }
  document.documentElement.dataset.token = 'given';
  const answer = await ask('api/check').catch(e => e);
  const said = { 401: 'not the right one', 403: 'taken, for reads alone' }[answer.status] ?? (answer instanceof Error ? 'not tried: ' + answer.message : 'taken');
  if (token === $('token').value.trim()) say('token-state', said, answer.status === 401);
}
