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
    $('parked').replaceChildren();
    const tables = await ask('api/quarantine');
    $('parked').replaceChildren(...tables.map(parked));
    return (tables.length ? counted(tables.length, 'table is parked', 'tables are parked') + '.' : 'No table is parked.') + (named.table && tables.every(t => t.table !== named.table) ? ' ' + named.table + ' is not among them.' : '');
  });
}
function parked(table) {
  const cause = table.cause || {};
  const difference = cause.difference || [];
  const button = (decision, text, extra) => el('button', { 'data-decision': decision, class: decision === 'discard' ? 'danger' : null, onclick: () => decide(table, decision, extra) }, text);
  return el('div', { class: 'parked', 'data-table': table.table }, el('h3', {}, table.table + ': ' + table.state),
    el('p', {}, counted(table.records, 'record') + ', ' + number(table.refused) + ' refused; oldest ' + (table.oldest ? when(table.oldest) : 'none')),
    el('p', {}, (cause.reason || '') + (cause.detail ? ': ' + cause.detail : '')),
    difference.length ? shown_table('Difference of the schemas', ['Field', 'Was', 'Is'], difference.map(d => [d.field, d.was ?? 'absent', d.is ?? 'absent'])) : null,
    el('p', { class: 'line' },
      cause.reason === 'schema-refused' ? button('accept-replay', 'Accept the schema and replay') : null,
      cause.reason === 'takes-too-much' ? button('accept', 'Agree that the rows leave') : null,
      cause.reason === 'takes-too-much' ? button('discard', 'Leave the documents as they are', { count: table.refused, which: 'REFUSED' }) : null,
      button('replay', 'Replay'),
      cause.reason === 'schema-refused' ? el('button', { 'data-decision': 'reread', onclick: () => reread(table) }, 'Read its rows again') : null,
      button('hold', 'Hold'), button('discard', 'Discard all', { count: table.records, which: 'ALL' })));
}
const MEANS = {
  'accept-replay': () => 'The new schema is registered, the rule lifted for this once, and the queued records go on in order. Rows that are not among them keep their old values until the table is read again.',
  accept: t => ((t.cause || {}).reason === 'takes-too-much' ? 'What is queued now may take the rows away.' : 'The new schema is registered, the rule lifted for this once.') + ' The table stays parked until it is replayed.',
  replay: () => 'The queued records go on in order.',
  hold: () => 'The table is parked, or its replay interrupted.',
  discard: (t, { count: lost, which }) => 'This loses ' + counted(lost, 'record') + ' for good.' + (which === 'REFUSED' ? ' The others go on in order. The documents keep what the source has lost, until the table is read again.' : ''),
};
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
function decide(table, decision, extra = {}) {
  confirmed(decision.replace('accept-replay', 'accept and replay').replace(/^./, c => c.toUpperCase()) + ' ' + table.table + '?', MEANS[decision](table, extra), reason => {
    told('quarantine-state', 'Telling the gate …', async () => {
      const said = [];
      for (const step of decision.split('-')) {
        said.push((await ask('api/quarantine/' + encodeURIComponent(table.table) + '/' + step, sent({ reason, ...extra }))).message);
      }
      await pause(TOLD_MILLIS);
      await quarantine();
      return said.join(' ');
    });
  }, decision === 'discard' ? { lost: extra.count } : {});
}
