// One page over /api: the sections are modules of their own, which are begun here.
import { $, ask, choose, kept } from './console/page.js';
import { follow_link, link, reopen, tell_pipelines } from './console/sections.js';
import { repaint } from './console/charts.js';
import { follow } from './console/flow.js';
import './console/pipelines.js';
import './console/quarantine.js';
import './console/schemas.js';
import './console/document.js';
import './console/purge.js';
import './console/manage.js';

choose('scheme', kept(localStorage, 'scheme'));
document.documentElement.dataset.scheme = $('scheme').value;
$('scheme').addEventListener('change', () => {
  kept(localStorage, 'scheme', $('scheme').value);
  document.documentElement.dataset.scheme = $('scheme').value;
  repaint();
});
$('token').value = kept(sessionStorage, 'token');
$('token').addEventListener('change', () => { kept(sessionStorage, 'token', $('token').value.trim()); begin(); reopen(); });
$('login').addEventListener('submit', e => { e.preventDefault(); begin(); reopen(); });

let known = false;
/** A console may ask for a token before it tells even this; the line at the top says so then. */
async function begin() {
  if (known) return;
  known = true;
  try { tell_pipelines(await ask('api/pipelines')); } catch { known = false; return; }
  if (location.hash) follow_link(); else link();
}
begin();
follow();
