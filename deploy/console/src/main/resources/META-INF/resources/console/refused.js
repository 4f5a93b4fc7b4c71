// Documents that were refused, by an index or by the join, records of jobs that could not be added to one, and what is decided about them.
import { $, ask, choose, confirmed, counted, el, number, pause, sent, table, told, when } from './page.js';
import { address } from './sections.js';

/** The indexer settles what is to be replayed within some seconds. */
const TOLD_MILLIS = 1000;
const BY = 'the console';
/** As the console gives it at most. */
const MOST_SHOWN = 200_000;
const of = pipeline => 'api/pipelines/' + encodeURIComponent(pipeline) + '/quarantine';
/** How many stand there. */
let all = 0;
export const chosen = () => $('refused-pipeline').value;

export function known(pipelines) {
  $('refused-pipeline').replaceChildren(...pipelines.map(p => el('option', { value: p.name }, p.name)));
}
export function forget() {
  ['refused', 'refused-one-document'].forEach(id => $(id).replaceChildren());
  ['refused-one', 'refused-more', 'replay-all', 'discard-all'].forEach(id => { $(id).hidden = true; });
}
/** @param at names the pipeline that is wanted; else it is the first of which documents stand there */
export async function opened(at) {
  if (!chosen()) return;
  if (at) choose('refused-pipeline', at);
  await told('refused-state', 'Asking the services …', async () => {
    const figures = await ask('api/figures');
    for (const option of $('refused-pipeline').options) {
      const many = figures.find(f => f.name === option.value)?.troubles.refused;
      option.textContent = option.value + (many > 0 ? ' (' + number(many) + ')' : '');
    }
    const first = figures.find(f => f.troubles.refused > 0);
    if (!at && first) choose('refused-pipeline', first.name);
    return '';
  });
  await list();
}
export const list = () => told('refused-state', 'Asking the indexer …', async () => {
  const pipeline = chosen(), page = await ask(of(pipeline));
  // Another one may have been chosen meanwhile.
  if (pipeline !== chosen()) return $('refused-state').textContent;
  forget();
  $('refused').replaceChildren(...(page.count ? [shown(pipeline, page.documents)] : []));
  ['replay-all', 'discard-all'].forEach(id => { $(id).hidden = !page.count; });
  $('refused-more').hidden = page.documents.length >= page.count;
  all = page.count;
  return page.count ? said(page) : 'No document of ' + chosen() + ' stands in quarantine.';
}, forget);
const said = ({ count, more }) => (more ? 'More than ' : '') + counted(count, 'document stands', 'documents stand') + ' in quarantine.';

const shown = (pipeline, documents) => table('Documents that were refused', ['Document', 'Refused by', 'Why', 'Version', 'Since', 'State', 'Decide'], documents.map(d => row(pipeline, d)), documents.map(d => d.place));
const state = d => d.asked ? 'is being replayed' : d.replayable ? 'stands' : 'cannot be replayed';
/** Without an index it was the join that set a document aside, or who adds what jobs write. */
const refuser = d => d.index ?? (d.reason === 'enrichment-refused' ? 'the purge service' : 'the join');
const why = d => d.reason + (d.detail ? ': ' + d.detail : '');
function row(pipeline, d) {
  return [el('a', { href: address('document', { pipeline, id: d.id }) }, d.id), refuser(d), why(d), d.version < 0 ? '–' : String(d.version), when(d.parked), state(d),
    el('span', { class: 'line' }, el('button', { 'aria-label': 'Show ' + d.id, onclick: () => show(pipeline, d.id) }, 'Show'), ...decisions('refused-state', pipeline, d, list))];
}
/** Buttons that decide about one document. @param after what is shown anew then */
export function decisions(line, pipeline, d, after) {
  return [d.replayable && !d.asked ? el('button', { 'data-decision': 'replay', 'aria-label': 'Replay ' + d.id, onclick: () => replay(line, pipeline, [d.id], after) }, 'Replay …') : null,
    el('button', { 'data-decision': 'discard', class: 'danger', 'aria-label': 'Discard ' + d.id, onclick: () => discard_one(line, pipeline, d.id, after) }, 'Discard …')].filter(b => b);
}
/**
 * What is refused of one document; empty where nothing is.
 *
 * @param most so many characters of what is in it are told
 */
export async function of_document(pipeline, id, most = 0) {
  try {
    return await ask(of(pipeline) + '/documents/' + encodeURIComponent(id) + '?most=' + most);
  } catch (e) {
    if (e.status === 404) return [];
    throw e;
  }
}
const capital = text => text[0].toUpperCase() + text.slice(1);
export const sentence = d => (d.index ?? capital(refuser(d))) + ' refused version ' + (d.version < 0 ? '–' : d.version) + ' of it at ' + when(d.parked) + '. ' + why(d) + '.';
function show(pipeline, id) {
  told('refused-state', 'Asking the indexer …', async () => {
    const found = await of_document(pipeline, id, MOST_SHOWN);
    $('refused-one').hidden = false;
    $('refused-one-title').textContent = 'What was refused of ' + id;
    $('refused-one-document').textContent = found.length ? found.map(d => sentence(d) + '\n' + beginning(pipeline, d)).join('\n\n') : 'It does not stand there any more.';
    $('refused-one').scrollIntoView({ block: 'nearest' });
    return '';
  });
}
function beginning(pipeline, d) {
  if (d.document === undefined) return 'a delete, or no document yet';
  const more = d.characters - d.document.length;
  return d.document + (more ? '\n… and ' + counted(more, 'character') + ' more; ./millrace quarantine documents show ' + pipeline + ' ' + d.id + ' prints all of it' : '');
}
/** @param ids null for all */
function replay(line, pipeline, ids, after) {
  confirmed('Replay ' + (ids ? ids.join(', ') : 'all refused documents') + ' of ' + pipeline + '?', 'The index gets ' + (ids ? 'it' : 'them') + ' again. What has changed since, or was deleted, is settled without being sent; what is refused once more stands here anew.', reason =>
    told(line, 'Telling the indexer …', async () => {
      const answer = await ask(of(pipeline) + '/replay', sent({ reason, by: BY, ...(ids ? { ids } : {}) }));
      await pause(TOLD_MILLIS);
      await after();
      return counted(answer.replayed, 'document is', 'documents are') + ' sent again within some seconds.' + (answer.left ? ' ' + counted(answer.left, 'cannot be: no index takes it.', 'cannot be: no index takes them.') : '') + (answer.more ? ' There may be more; give the order again.' : '');
    }));
}
/** A document stands there once for each index that refused it. */
function discard_one(line, pipeline, id, after) {
  told(line, 'Asking the indexer …', async () => {
    discard(line, pipeline, [id], (await of_document(pipeline, id)).length, after);
    return '';
  });
}
function discard(line, pipeline, ids, count, after) {
  confirmed('Discard ' + (ids ? ids.join(', ') : 'all refused documents') + ' of ' + pipeline + '?', 'What was refused is given up for good, and the index keeps what it has.', reason =>
    told(line, 'Telling the indexer …', async () => {
      const answer = await ask(of(pipeline) + '/discard', sent({ reason, by: BY, count, ...(ids ? { ids } : {}) }));
      await after();
      return counted(answer.discarded, 'document is', 'documents are') + ' given up.';
    }), { lost: count });
}
$('replay-all').addEventListener('click', () => replay('refused-state', chosen(), null, list));
$('discard-all').addEventListener('click', () => discard('refused-state', chosen(), null, all, list));
$('refused-more').addEventListener('click', () => told('refused-state', 'Asking the indexer …', async () => {
  const rows = $('refused').querySelector('tbody');
  const pipeline = chosen(), page = await ask(of(pipeline) + '?after=' + encodeURIComponent(rows.lastElementChild.dataset.key));
  if (pipeline !== chosen()) return $('refused-state').textContent;
  rows.append(...shown(pipeline, page.documents).querySelectorAll('tbody > tr'));
  $('refused-more').hidden = !page.documents.length || rows.children.length >= page.count;
  return said(page);
}));
