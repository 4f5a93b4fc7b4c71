// The demo's manage page: one question, answered by Postgres and by the index.
import { $, ask, el, number, pause, table, told } from './page.js';
import { link, section, shown } from './sections.js';

const AGAIN_MILLIS = 1000;
/** Two times that are less apart than that are the same to whoever waits. */
const NOTICED_MILLIS = 20;
const BLANK = { text: '', status: '', team: '', tag: '', sort: 'modified', page: '1' };
const PREPARED = [
  ['All, the newest first', {}],
  ['A name that few have', { text: 'checkout-42' }],
  ['A facet that half have', { status: 'ok' }],
  ['The largest team', { team: 'Search', sort: 'name' }],
  ['Page 300 by name', { sort: 'name', page: '300' }],
];
/** What the answer is about that is shown, or waited for; null before anything was asked. */
let asked = null;

section('manage', {
  opened() { if (!asked) manage(); },
  place: () => Object.fromEntries(Object.entries(asked ?? {}).filter(([name, value]) => value !== BLANK[name])),
  go: chosen,
  known(pipelines) {
    $('tab-manage').hidden = !pipelines.some(p => p.manage);
    $('prepared').replaceChildren(...PREPARED.map(([name, question]) => el('button', { type: 'button', onclick: () => chosen(question) }, name)));
  },
  forget() {
    asked = null;
    ['side-postgres', 'side-index', 'verdict'].forEach(id => $(id).replaceChildren());
  },
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
/** Puts a question into the form and asks it; what it does not name is asked for all. */
function chosen(question) {
  Object.entries(BLANK).forEach(([name, blank]) => { $('m-' + name).value = question[name] ?? blank; });
  return manage();
}
function manage(doing = 'Asking both …') {
  const question = asked = Object.fromEntries(Object.keys(BLANK).map(name => [name, $('m-' + name).value]));
  link();
  return told('manage-state', doing, async () => {
    const page = await ask('api/manage?' + new URLSearchParams({ ...question, page: Math.max(0, question.page - 1) }));
    // Another question may have been asked meanwhile.
    if (question !== asked) return $('manage-state').textContent;
    side('side-postgres', 'Postgres', page.postgres);
    side('side-index', 'The index', page.index);
    const answered = !page.postgres.error && !page.index.error;
    $('verdict').textContent = answered ? verdict(question, page.postgres.millis, page.index.millis) : '';
    if (!answered) return 'One of them did not answer.';
    const same = JSON.stringify(page.postgres.rows.map(r => r.id)) === JSON.stringify(page.index.rows.map(r => r.id));
    return same ? 'The same rows.' : 'Not the same rows: ' + (question.text ? 'text is matched in its middle by Postgres and from the beginnings of words by the index; or ' : '') + 'a change is on its way.';
  });
}
/** Who was faster, and what of the question explains it. */
function verdict(question, postgres, index) {
  const times = number(postgres) + ' ms of Postgres, ' + number(index) + ' ms of the index: ';
  if (Math.abs(postgres - index) < NOTICED_MILLIS) return times + 'no difference that anyone sees. One user alone on tables that fit into memory is what both answer well.';
  if (postgres < index) return times + 'Postgres was faster. One user alone on tables that fit into memory is what it answers well; ./millrace bench search asks the same with many users at once.';
  const why = question.text ? 'Postgres looks for the text in every name, once for the rows and once for each facet; the index looks the words up.'
    : question.page > 1 ? 'Postgres sorts all that match to pass over those before the page, and counts each facet by a query of its own; the index does all in one request.'
      : 'Postgres joins and counts what matches once for each facet; the index has the documents joined, and counts while it searches.';
  return times + 'the index was faster. ' + why;
}
function side(id, name, answer) {
  if (answer.error) { $(id).replaceChildren(el('h3', {}, name), el('p', { class: 'error' }, answer.error)); return; }
  const facet = (title, counts) => el('p', { class: 'quiet' }, title + ': ' + Object.entries(counts).map(([k, n]) => k + ' ' + number(n)).join(', '));
  $(id).replaceChildren(el('h3', {}, name), el('div', { class: 'millis' }, number(answer.millis) + ' ms'), el('p', {}, number(answer.total) + (answer.total === 1 ? ' monitor' : ' monitors')), facet('Status', answer.statuses), facet('Team', answer.teams),
    table(name + ', rows', ['Id', 'Name', 'Status', 'Team'], answer.rows.map(r => [r.id, r.name, r.status, r.team ?? ''])));
}
