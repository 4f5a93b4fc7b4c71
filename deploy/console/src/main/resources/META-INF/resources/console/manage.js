// The demo's manage page: one question, answered by Postgres and by the index.
import { $, ask, el, number, pause, table, told } from './page.js';
import { section, shown } from './sections.js';

const AGAIN_MILLIS = 1000;

section('manage', {
  known: pipelines => { $('tab-manage').hidden = !pipelines.some(p => p.manage); },
  forget: () => ['side-postgres', 'side-index'].forEach(id => $(id).replaceChildren()),
});
$('ask').addEventListener('submit', e => { e.preventDefault(); manage(); });
let again = false;
$('m-again').addEventListener('change', async () => {
  if (again) return;
  for (again = true; $('m-again').checked; await pause(AGAIN_MILLIS)) {
    if (shown('manage') && !document.hidden) await manage($('manage-state').textContent);
  }
  again = false;
});
function manage(doing = 'Asking both …') {
  return told('manage-state', doing, async () => {
    const query = new URLSearchParams({ text: $('m-text').value, status: $('m-status').value, team: $('m-team').value, tag: $('m-tag').value, sort: $('m-sort').value, page: Math.max(0, $('m-page').value - 1) });
    const page = await ask('api/manage?' + query);
    side('side-postgres', 'Postgres', page.postgres);
    side('side-index', 'The index', page.index);
    const same = JSON.stringify(page.postgres.rows.map(r => r.id)) === JSON.stringify(page.index.rows.map(r => r.id));
    return page.postgres.error || page.index.error ? 'One of them did not answer.' : same ? 'The same rows.' : 'Not the same rows: text is matched in its middle by Postgres and from the beginnings of words by the index; or a change is on its way.';
  });
}
function side(id, name, answer) {
  if (answer.error) { $(id).replaceChildren(el('h3', {}, name), el('p', { class: 'error' }, answer.error)); return; }
  const facet = (title, counts) => el('p', { class: 'quiet' }, title + ': ' + Object.entries(counts).map(([k, n]) => k + ' ' + number(n)).join(', '));
  $(id).replaceChildren(el('h3', {}, name), el('div', { class: 'millis' }, number(answer.millis) + ' ms'), el('p', {}, number(answer.total) + (answer.total === 1 ? ' monitor' : ' monitors')), facet('Status', answer.statuses), facet('Team', answer.teams),
    table(name + ', rows', ['Id', 'Name', 'Status', 'Team'], answer.rows.map(r => [r.id, r.name, r.status, r.team ?? ''])));
}
