// What stands in quarantine: tables that the gate has parked, with what is decided about them, and documents.
import { $, ask, confirmed, counted, el, number, pause, sent, table as shown_table, told, when } from './page.js';
import { link, section } from './sections.js';
import * as refused from './refused.js';

/** The gate takes a moment until its list tells what it was told. */
const TOLD_MILLIS = 300;

/** The table and the pipeline that the address names. */
let named = {};

section('quarantine', {
  opened: () => Promise.all([quarantine().then(wanted), refused.opened(named.pipeline)]),
  place: () => named,
  go: at => { named = { ...(at.table ? { table: at.table } : {}), ...(at.pipeline ? { pipeline: at.pipeline } : {}) }; },
  known: refused.known,
  forget() {
    $('parked').replaceChildren();
    refused.forget();
  },
});
$('refused-pipeline').addEventListener('change', () => {
  named = { pipeline: refused.chosen() };
  link();
  // What is shown and offered is about another pipeline.
  refused.forget();
  refused.list();
});
function wanted() {
  [...$('parked').children].find(p => p.dataset.table === named.table)?.scrollIntoView({ block: 'nearest' });
}

function quarantine() {
  return told('quarantine-state', 'Asking the gate …', async () => {
    const tables = await list();
    return states(tables) + (named.table && tables.every(t => t.table !== named.table) ? ' ' + named.table + ' is not among them.' : '');
  }, () => $('parked').replaceChildren());
}
async function list() {
  const tables = await ask('api/quarantine');
  $('parked').replaceChildren(...tables.map(parked));
  return tables;
}
/** The gate lists also tables that are on their way back, and some that flow and leave something to be deleted. */
export function states(tables) {
  const many = state => tables.filter(t => t.state === state).length;
  const [parked, replaying, flowing] = ['parked', 'replaying', 'flowing'].map(many);
  return [parked ? counted(parked, 'table is parked', 'tables are parked') + '.' : 'No table is parked.', replaying ? counted(replaying, 'is being replayed', 'are being replayed') + '.' : '',
    flowing ? counted(flowing, 'flows, and copies of its records are', 'flow, and copies of their records are') + ' still to be deleted.' : ''].filter(t => t).join(' ');
}
/** What can be decided about a table as it is; the gate refuses all else. */
export function decisions({ state, missing, cause }) {
  const reason = cause?.reason;
  // A replay can be interrupted; what flows is not held from here.
  if (state !== 'parked') return state === 'replaying' ? ['hold'] : [];
  const accepts = reason === 'schema-refused' || reason === 'row-rule' || reason === 'takes-too-much';
  // Behind what is missing nothing is replayed before somebody has given that up.
  if (missing > 0) return [...(accepts ? ['accept'] : []), 'reread', 'discard-missing', 'discard'];
  return [...(reason === 'schema-refused' ? ['accept-replay'] : accepts ? ['accept'] : []), ...(reason === 'takes-too-much' ? ['discard-refused'] : []), 'replay', ...(reason === 'schema-refused' ? ['reread'] : []), 'discard'];
}
function parked(table) {
  const cause = table.cause || {};
  const difference = cause.difference || [];
  return el('div', { class: 'parked', 'data-table': table.table }, el('h3', {}, table.table + ': ' + table.state),
    el('p', {}, counted(table.records, 'record') + ', ' + number(table.refused) + ' refused; oldest ' + (table.oldest ? when(table.oldest) : 'none')),
    table.missing > 0 ? el('p', { class: 'error' }, counted(table.missing, 'record is', 'records are') + ' gone though nobody discarded them: ' + table.gaps.map(gap).join('; ') + '. Read the table again, then give them up, which replays the rest.') : null,
    table.undeleted > 0 ? el('p', { class: 'quiet' }, counted(table.undeleted, 'record is', 'records are') + ' replayed or discarded, and their copies still to be deleted; the gate does that by itself, or its health says why not.') : null,
    table.state === 'flowing' ? null : el('p', {}, (cause.reason || '') + (cause.detail ? ': ' + cause.detail : '')),
    difference.length && table.state !== 'flowing' ? shown_table('Difference of the schemas', ['Field', 'Was', 'Is'], difference.map(d => [d.field, d.was ?? 'absent', d.is ?? 'absent'])) : null,
    el('p', { class: 'line' }, ...decisions(table).map(decision => el('button', { 'data-decision': decision, class: decision.startsWith('discard') ? 'danger' : null, onclick: () => decision === 'reread' ? reread(table) : decide(table, decision) }, words(table, decision)))));
}
const gap = g => 'partition ' + g.partition + ', ' + (g.to - g.from === 1 ? 'offset ' + g.from : 'offsets ' + g.from + ' to ' + (g.to - 1));
const words = ({ cause, missing }, decision) => ({
  'accept-replay': 'Accept the schema and replay', accept: { 'schema-refused': 'Accept the schema', 'row-rule': 'Let these rows pass', 'takes-too-much': 'Agree that the rows leave' }[cause?.reason],
  replay: 'Replay', reread: 'Read its rows again', hold: 'Interrupt the replay', discard: 'Discard all', 'discard-missing': 'Give up what is missing (' + number(missing) + ')', 'discard-refused': 'Leave the documents as they are',
})[decision];
const MEANS = {
  'accept-replay': () => 'The new schema is registered, the rule lifted for this once, and the queued records go on in order. Rows that are not among them keep their old values until the table is read again.',
  accept: t => ({ 'takes-too-much': 'What is queued now may take the rows away.', 'row-rule': 'The rows that are queued now may break the rule; later ones may not.' }[t.cause.reason] ?? 'The new schema is registered, the rule lifted for this once.') + ' The table stays parked until it is replayed.',
  replay: () => 'The queued records go on in order.',
  hold: () => 'The table is parked where its replay stands; a later one goes on there.',
  discard: t => 'This loses ' + counted(t.records, 'record') + ' for good.',
  'discard-missing': t => counted(t.missing, 'record is', 'records are') + ' given up, and the queued ones go on in order. The documents lack what they said, until the table is read again.',
  'discard-refused': t => 'This loses ' + counted(t.refused, 'record') + ' for good. The others go on in order. The documents keep what the source has lost, until the table is read again.',
};
/** What a discard loses, and by which word the gate knows it. */
const LOSES = { discard: t => ({ count: t.records, which: 'ALL' }), 'discard-missing': t => ({ count: t.missing, which: 'MISSING' }), 'discard-refused': t => ({ count: t.refused, which: 'REFUSED' }) };
/** Rows that stood in the table before its schema changed keep their old values until then. */
function reread(table) {
  const at = table.table.indexOf('.');
  const path = 'api/resnapshots/' + encodeURIComponent(table.table.slice(0, at)) + '/' + encodeURIComponent(table.table.slice(at + 1));
  told('quarantine-state', 'Asking capture …', async () => {
    const rows = counted((await ask(path)).estimate, 'row');
    confirmed('Read ' + table.table + ' again?', 'About ' + rows + ' will be read while all changes flow on. Until then those that stood there before the change hold their old values.',
      () => told('quarantine-state', 'Telling capture …', async () => (await ask(path, { method: 'POST' })).table + ' is being read again, about ' + rows + '.'), { kept: false });
    return '';
  });
}
function decide(table, decision) {
  const lost = LOSES[decision]?.(table), steps = lost ? ['discard'] : decision.split('-');
  confirmed(words(table, decision) + ': ' + table.table + '?', MEANS[decision](table), reason => told('quarantine-state', 'Telling the gate …', async () => {
    const done = [];
    try {
      for (const step of steps) done.push(await ask('api/quarantine/' + encodeURIComponent(table.table) + '/' + step, sent({ reason, ...lost })));
    } catch (e) {
      // What is offered may have been about what is no more.
      await list().catch(() => $('parked').replaceChildren());
      throw done.length ? new Error('The schema is accepted, and the records are not replayed: ' + e.message) : e;
    }
    await pause(TOLD_MILLIS);
    await list();
    return done.at(-1).message + (done.length > 1 && done[0].oldRows ? ' The rows that it had before keep their old values until it is read again.' : '');
  }), lost ? { lost: lost.count, what: decision === 'discard-missing' ? 'records that are given up' : 'records that are lost' } : {});
}
